"""The pages: what they offer to whom, and within how many queries."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.incidents.conftest import Declare, seat

from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.incidents import acts, room
from watchbill.incidents.models import Incident, Seat, Severity
from watchbill.lib import clock
from watchbill.people.models import House, Person
from watchbill.practice import acts as practice
from watchbill.runbooks import acts as runbooks

LIST_QUERIES = 20
ROOM_QUERIES = 28
ASK_QUERIES = 24  # one open ask adds: is it good, may the reader answer it

RUNBOOK = """---
slug: look
title: Look around
component: checkout
---

## Look
```confirm
Seen.
```
"""


@pytest.fixture
def as_ann(ann: Person) -> Client:
    client = Client()
    client.force_login(ann)
    return client


def offered(incident: Incident, person: Person) -> str:
    found = room.room(incident.pk)
    assert found is not None
    person.forget()
    offer = room.offer(found, person)
    return offer.label if offer else ""


def test_each_reader_is_offered_what_is_theirs(
    declare: Declare, jun: Person, ann: Person, sam: Person, lea: Person
) -> None:
    incident = declare(severity=Severity.SEV2)
    assert [offered(incident, person) for person in (jun, ann, sam)] == [
        "Join under instruction", "Take a seat", "Take the lead"
    ]  # fmt: skip
    acts.take_lead.perform(sam, incident)
    assert offered(incident, sam) == "Mitigating"
    acts.mitigate.perform(sam, incident, by_what="rollback")
    assert offered(incident, sam) == "Resolve"
    clock.shift(Severity.SEV2.cadence + timedelta(seconds=1))
    assert offered(incident, sam) == "Post an update"
    acts.take_seat.perform(jun, incident)
    assert offered(incident, ann) == "Take a seat", "a guide of critical acts stands at L3"
    assert offered(incident, sam) == "Answer Jun"
    acts.assign_seat.perform(sam, incident, person="lea")
    clock.shift(timedelta(minutes=16))
    assert offered(incident, lea) == "Accept: responder"
    acts.resolve.perform(sam, incident, what_ended_it="the rollback")
    assert offered(incident, sam) == "Open a review"
    practice.open_review.perform(sam, incident)
    assert offered(incident, jun) == "Add to the review"


def test_the_room_tells_and_shows(
    alert: Alert, house: House, ann: Person, lea: Person, as_ann: Client
) -> None:
    runbooks.publish.perform(lea, house, text=RUNBOOK)
    acts.declare_from_alert.perform(ann, alert, severity=Severity.SEV2, impact="One in eight.")
    incident = Incident.objects.get()
    runbooks.start_run.perform(ann, incident, runbook="look")
    response = as_ann.get(incident.get_absolute_url())
    page = response.content.decode()
    for told in (
        "SEV 2", "Nobody leads yet", "One in eight.", "Look around", "CheckoutErrors",
        "sum(rate(checkout_errors_total[1m]))", "threshold",
        f"declared incident {incident.pk}, SEV 2",
    ):  # fmt: skip
        assert told in page, told
    assert [mark["label"] for mark in response.context["chart"]["marks"]] == [
        "CheckoutErrors fires", "declared"
    ]  # fmt: skip


def test_the_page_to_declare(checkout: Component, alert: Alert, as_ann: Client) -> None:
    page = as_ann.get("/incidents/declare").content.decode()
    assert checkout.ref in page
    assert "people.house:1" in page
    for asked in ("component=checkout", f"component={checkout.pk}", f"alert={alert.pk}"):
        assert as_ann.get(f"/incidents/declare?{asked}").status_code == 200
    for asked in ("component=nothing", "alert=999"):
        assert as_ann.get(f"/incidents/declare?{asked}").status_code == 404


def test_a_room_that_is_not_there(as_ann: Client, house: House) -> None:
    assert as_ann.get("/incidents/99/").status_code == 404


def test_without_signing_in(client: Client, incident: Incident) -> None:
    for page in ("/incidents/", "/incidents/declare", incident.get_absolute_url()):
        response = client.get(page)
        assert (response.status_code, response.url.partition("?")[0]) == (302, "/sign-in")  # type: ignore[attr-defined]


@pytest.fixture
def many(checkout: Component, ann: Person) -> None:
    """Ten thousand past incidents with a component and a lead each, and thirty open ones."""
    now = clock.now()
    made = Incident.objects.bulk_create(
        Incident(
            title=f"Incident {n}", severity=f"sev{n % 4 + 1}", declared_by=ann,
            state="closed" if n >= 30 else "mitigating", declared_at=now - timedelta(hours=n),
        )
        for n in range(10_030)
    )  # fmt: skip
    Incident.components.through.objects.bulk_create(
        Incident.components.through(incident=one, component=checkout) for one in made
    )
    Seat.objects.bulk_create(Seat(incident=one, person=ann, role="lead") for one in made)


@pytest.mark.usefixtures("many")
def test_the_list_pages_within_its_budget(
    as_ann: Client, django_assert_max_num_queries: Any
) -> None:
    for address in ("/incidents/", "/incidents/?page=150", "/incidents/?q=Incident+77"):
        with django_assert_max_num_queries(LIST_QUERIES):
            response = as_ann.get(address)
        assert response.status_code == 200
    assert "30 incidents are open" in as_ann.get("/incidents/").content.decode()


def test_the_room_keeps_its_budget_however_much_happened(
    alert: Alert, house: House, ann: Person, sam: Person, lea: Person, jun: Person, as_ann: Client
) -> None:
    runbooks.publish.perform(lea, house, text=RUNBOOK)
    acts.declare_from_alert.perform(ann, alert)
    incident = Incident.objects.get()
    acts.take_lead.perform(sam, incident)
    acts.join_under_instruction.perform(jun, incident)
    acts.accept_learner.perform(lea, seat(incident, jun))
    address = incident.get_absolute_url()
    as_ann.get(address)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert as_ann.get(address).status_code == 200
        return len(captured)

    few = queries()
    for number in range(20):
        acts.note.perform(jun, incident, text=f"look {number}")
        runbooks.start_run.perform(jun, incident, runbook="look")
        acts.post_update.perform(sam, incident, text=f"update {number}")
        other = Alert.objects.create(
            fingerprint=f"more {number}", name="More", state="firing", rule=alert.rule
        )
        acts.link_alert.perform(jun, incident, alert=other.pk)
    assert queries() == few
    assert few <= ROOM_QUERIES
    asked = runbooks.run_step.perform(jun, incident_run(incident), step=1)
    assert asked.state == "asked"
    assert queries() - few <= ASK_QUERIES


def incident_run(incident: Incident) -> Any:
    found = room.room(incident.pk)
    assert found is not None
    return found.runs[0]

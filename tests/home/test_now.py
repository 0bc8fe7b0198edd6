"""The first page: what needs whom, in which order; the sentence; where the reader stands."""

from datetime import timedelta

import pytest
from django.test import Client
from tests.conftest import MakePerson
from tests.home.conftest import PagePerson

from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.home.needs import MOST, needs_of
from watchbill.home.reads import SHOWN, system
from watchbill.incidents import acts as incidents
from watchbill.incidents.models import Incident
from watchbill.lib import clock
from watchbill.maintenance.models import Change, Progress
from watchbill.monitoring.models import Report
from watchbill.people.models import House, Person, Team
from watchbill.practice.models import Improvement, Review
from watchbill.seats import acts as seats
from watchbill.seats.models import Seat

pytestmark = pytest.mark.django_db


def marks(person: Person) -> list[str]:
    person.forget()
    return [need.mark for need in needs_of(person)]


def declared(by: Person, on: Component, severity: str, title: str = "Checkout fails") -> Incident:
    entry = incidents.declare.perform(by, on, title=title, severity=severity)
    return Incident.objects.get(pk=entry.came_of_it["number"])


def report_of(person: Person) -> Report:
    now = clock.now()
    return Report.objects.create(
        by=person, what="The curve bends", level=person.level("monitoring"),
        start=now - timedelta(hours=1), end=now,
    )  # fmt: skip


def test_everything_that_needs_somebody_in_order_of_haste(
    page_person: PagePerson, checkout: Component, jun: Person, ann: Person, sam: Person
) -> None:
    """Made in another order than they are shown."""
    report_of(jun)
    Review.objects.create(title="Look back", area="incident-response", lead=sam, about="x:1")
    Improvement.objects.create(
        title="Alert earlier", area="monitoring", proposed_by=jun, owner=sam, expected="fewer",
        state=Improvement.State.ACCEPTED, about="x:1",
    )  # fmt: skip
    change = Change.objects.create(
        title="More room", component=checkout, kind="config", planned_by=sam, started_by=sam,
        started_at=clock.now(), state=Change.State.UNDER_WAY,
    )  # fmt: skip
    Progress.objects.create(change=change, by=jun, to=sam, text="half of it is done")
    incident = declared(ann, checkout, "sev3")
    incidents.take_lead.perform(sam, incident)
    incidents.take_seat.perform(jun, incident)
    page_person(sam)
    assert marks(sam) == [
        "page", "go-ahead", "SEV 3", "change", "report", "improvement", "review", "anomaly"
    ]  # fmt: skip
    assert marks(jun) == ["you asked"]


def test_an_ask_needs_those_who_may_answer_it(
    checkout: Component, jun: Person, ann: Person, sam: Person
) -> None:
    incident = declared(ann, checkout, "sev2")
    asked = incidents.take_seat.perform(jun, incident)
    assert asked.state == "asked"
    (need,) = needs_of(sam)
    assert (need.mark, need.label, need.since) == ("go-ahead", "Answer", asked.at)
    assert need.title.startswith("Jun asks: ")
    assert marks(jun) == ["you asked"]
    assert marks(ann) == []  # at the critical tier a guide stands at L3
    clock.shift(timedelta(minutes=16))
    assert marks(sam) == marks(jun) == []  # it has expired


def test_what_is_settled_needs_nobody(
    page_person: PagePerson, checkout: Component, jun: Person, ann: Person
) -> None:
    page = page_person(ann)
    incident = declared(jun, checkout, "sev3")
    incidents.take_seat.perform(ann, incident)
    assert marks(ann) == ["page", "SEV 3"]
    page.state = page.State.ACKNOWLEDGED
    page.save()
    Incident.objects.update(state=Incident.State.RESOLVED)
    assert marks(ann) == []


def test_a_report_needs_who_stands_above_the_reporter(jun: Person, ann: Person) -> None:
    report_of(ann)
    assert marks(jun) == marks(ann) == []
    report_of(jun)
    assert marks(ann) == ["anomaly"]


def test_a_hand_over_and_a_seat_to_accept_need_whom_they_wait_for(
    checkout: Component, house: House, make_person: MakePerson, ann: Person, sam: Person
) -> None:
    other = make_person("olu", 2)
    seats.take_watch.perform(ann, checkout)
    watch = Seat.objects.get()
    assert marks(other) == []
    seats.hand_over.perform(ann, watch, to="olu", said="Quiet since noon, mind the queue.")
    (need,) = needs_of(other)
    assert need.title == "Ann hands over to you: Watch over Checkout"
    assert (need.mark, need.detail) == ("hand-over", "Quiet since noon, mind the queue.")
    assert marks(ann) == []
    seats.assign.perform(sam, checkout, role="caretaker", person="olu")
    assert marks(other) == ["hand-over", "seat"]
    asked = Seat.objects.get(role=Seat.Role.CARETAKER)
    assert needs_of(other)[1].detail == "Sam asks you to hold it."
    assert needs_of(other)[1].url == f"/seats/{asked.pk}/"
    watch.refresh_from_db()
    seats.accept_handover.perform(other, watch)
    seats.accept_seat.perform(other, asked)
    assert marks(other) == []


def test_of_each_sort_the_first_few(checkout: Component, ann: Person) -> None:
    for number in range(MOST + 3):
        Change.objects.create(
            title=f"Change {number}", component=checkout, kind="config", planned_by=ann,
            started_by=ann, started_at=clock.now(), state=Change.State.UNDER_WAY,
        )  # fmt: skip
    assert [need.title for need in needs_of(ann)] == [f"Change {n}" for n in range(MOST)]


def test_the_sentence_tells_the_worst(alert: Alert, checkout: Component, ann: Person) -> None:
    assert system().sentence == "Checkout fails for 12 % of requests. No incident is declared."
    assert system().since == alert.starts_at
    declared(ann, checkout, "sev3", "Slow")
    worst = declared(ann, checkout, "sev1", "Nobody can pay")
    assert system().sentence == "SEV 1: Nobody can pay. 1 more incident open."
    assert system().since == worst.declared_at
    Incident.objects.update(state=Incident.State.CLOSED)
    Alert.objects.update(state=Alert.State.RESOLVED)
    assert system().sentence == "Everything is well."
    assert system().since is None


def test_the_worst_components_come_first(
    alert: Alert, checkout: Component, team: Team, ann: Person
) -> None:
    for number in range(SHOWN + 2):
        Component.objects.create(slug=f"c{number}", name=f"C{number:02}", owner=team)
    last = Component.objects.get(slug=f"c{SHOWN + 1}")
    declared(ann, last, "sev4")
    shown = system().components
    assert [(component.slug, health.word) for component, health in shown[:3]] == [
        ("checkout", "CheckoutErrors"), (last.slug, "incident"), ("c0", "not watched")
    ]  # fmt: skip
    assert len(shown) == SHOWN


def test_the_page_says_it_all(
    client: Client, page_person: PagePerson, checkout: Component, ann: Person, jun: Person
) -> None:
    page = page_person(ann)
    client.force_login(ann)
    text = client.get("/").content.decode()
    assert "<h1>Checkout fails for 12 % of requests. No incident is declared.</h1>" in text
    assert "1 thing needs you." in text
    assert page.get_absolute_url() in text
    assert f"/incidents/declare?alert={page.alert.pk}" in text
    client.force_login(jun)
    text = client.get("/").content.decode()
    assert "Nothing needs you." in text
    assert page.get_absolute_url() not in text


def test_an_empty_house_teaches(client: Client, jun: Person) -> None:
    client.force_login(jun)
    text = client.get("/").content.decode()
    assert "<h1>Everything is well.</h1>" in text
    assert "No component yet." in text
    assert "Junior developer" in text


def test_strangers_sign_in_first(client: Client, db: None) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in?next=%2F")


def test_the_backbone_is_there(client: Client, jun: Person, checkout: Component) -> None:
    client.force_login(jun)
    declared(jun, checkout, "sev3")
    text = client.get("/").content.decode()
    assert "Junior developer in incident response, monitoring and maintenance: 12 duties" in text
    assert text.count('class="duty"') == 12
    assert "now: join “Checkout fails”" in text
    assert text.count("Do it now") >= 5

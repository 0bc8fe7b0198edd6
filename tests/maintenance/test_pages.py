"""The pages of maintenance: the sentence on top, the calendar, and their queries."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.maintenance.conftest import Plan

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.maintenance import acts, reads
from watchbill.maintenance.models import Change, Progress
from watchbill.people.models import Person
from watchbill.runbooks import acts as runbooks
from watchbill.runbooks.models import Runbook

pytestmark = pytest.mark.django_db
LIST_QUERIES = 16
CHANGE_QUERIES = 30


def test_signing_in_comes_first(client: Client) -> None:
    for page in ("/maintenance/", "/maintenance/changes/past/", "/maintenance/changes/1/"):
        assert client.get(page).headers["Location"].startswith("/sign-in?next=")


def test_an_empty_page_teaches(client: Client, jun: Person, checkout: Component) -> None:
    client.force_login(jun)
    page = client.get("/maintenance/").content.decode()
    assert "No change is under way." in page
    assert "Nothing is planned" in page
    assert "No change is closed yet." in client.get("/maintenance/changes/past/").content.decode()


def test_a_change_through_its_pages(
    client: Client, jun: Person, ann: Person, plan: Plan, bump: Runbook
) -> None:
    change = plan(procedure="bump", description="Take **4.2**.", backout="Take 4.1.")
    url = change.get_absolute_url()
    client.force_login(jun)
    page = client.get(url).content.decode()
    assert "Bump the library: planned on Checkout, without a window yet." in page
    assert "Ask: begin" in page
    assert "<strong>4.2</strong>" in page
    client.force_login(ann)
    client.post("/do/maintenance.start_change", {"on": change.ref, "version": change.version})
    runbooks.start_run.perform(ann, Change.objects.get(), runbook="bump")
    page = client.get(url).content.decode()
    assert "under way on Checkout" in page
    assert "Do this step" in page
    assert "They name no breaking change." in page
    acts.record_progress.perform(jun, Change.objects.get(), text="half way", to="ann")
    assert "half way" in client.get("/maintenance/").content.decode()
    client.post("/do/maintenance.acknowledge_report", {"on": Progress.objects.get().ref})
    assert "acknowledged by Ann" in client.get(url).content.decode()
    runbooks.halt.perform(ann, change.runs.get(), why="enough")
    acts.back_out.perform(ann, Change.objects.get(), outcome="took 4.1 again")
    page = client.get(url).content.decode()
    assert "backed out just now on Checkout. Its documents wait." in page
    assert "/do/maintenance.document" in page


def test_the_component_and_the_risk(
    client: Client, jun: Person, plan: Plan, payments: Component
) -> None:
    start = clock.now() + timedelta(hours=1)
    change = plan(payments, backout="back", starts=start, ends=start + timedelta(hours=2))
    client.force_login(jun)
    page = client.get(change.get_absolute_url()).content.decode()
    assert "declared routine, but it touches Payments, which is critical" in page
    page = client.get("/maintenance/components/payments/").content.decode()
    assert "Bump the library" in page
    assert "/do/maintenance.plan_change" in page


def test_the_calendar() -> None:
    now = datetime(2026, 3, 3, 12, tzinfo=UTC)
    at = [now + timedelta(hours=h) for h in (1, 25, -3)]
    component = Component(name="Checkout")

    def one(state: str, starts: datetime | None = None, result: str = "") -> Change:
        ends = starts and starts + timedelta(hours=1)
        return Change(component=component, state=state, starts=starts, ends=ends, result=result)

    groups = list(reads._groups(
        [one("planned", at[2]), one("planned", at[0]), one("under-way"),
         one("verified", result="verified"), one("approved", at[1]), one("planned")], now,
    ))  # fmt: skip
    assert [(g.title, len(g.changes)) for g in groups] == [
        ("Under way", 1), ("To be documented", 1), ("Missed its window", 1), ("Today", 1),
        ("Wed 4 Mar", 1), ("No window yet", 1),
    ]  # fmt: skip


def test_many_changes(client: Client, ann: Person, jun: Person, checkout: Component) -> None:
    now = clock.now()
    Change.objects.bulk_create(
        Change(title=f"Change {n}", component=checkout, kind="fix", planned_by=ann,
               state="closed" if n % 10 else "planned", starts=now + timedelta(hours=n),
               ends=now + timedelta(hours=n + 1), ended_at=now, result="verified" if n % 10 else "")
        for n in range(10_000)
    )  # fmt: skip
    client.force_login(jun)
    for page, said in (("/maintenance/", "1000 to come"),
                       ("/maintenance/changes/past/", "1 to 50 of 9000")):  # fmt: skip
        client.get(page)
        with CaptureQueriesContext(connection) as queries:
            text = client.get(page).content.decode()
        assert said in text
        assert len(queries) <= LIST_QUERIES, "\n".join(q["sql"] for q in queries)
    some = Change.objects.all()[0]
    with CaptureQueriesContext(connection) as queries:
        assert client.get(some.get_absolute_url()).status_code == 200
    assert len(queries) <= CHANGE_QUERIES, "\n".join(q["sql"] for q in queries)


def test_read_by_rest(client: Client, jun: Person, plan: Plan) -> None:
    change = plan(risk="moderate")
    client.force_login(jun)
    found = client.get(f"/api/v1/changes/{change.pk}").json()
    assert (found["ref"], found["tier"], found["component"]) == (change.ref, "moderate", "checkout")
    listed = client.get("/api/v1/changes", {"state": "planned", "component": "checkout"}).json()
    assert len(listed["changes"]) == 1

"""The pages of monitoring, with telemetry answering, refusing and away."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.prometheus_server import Telemetry, failure, vector

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.monitoring import acts, reads
from watchbill.monitoring.models import Report
from watchbill.people.models import House, Person

pytestmark = pytest.mark.django_db
LIST_QUERIES = 20
PAGES = [
    "/monitoring/", "/monitoring/explore/", "/monitoring/explore/?query=up",
    "/monitoring/reports/", "/monitoring/sources/", "/monitoring/hosts/",
    "/monitoring/engine/",
    "/monitoring/components/checkout/",
]  # fmt: skip


@pytest.fixture
def made(jun: Person, checkout: Component) -> Report:
    now = clock.now()
    acts.report_anomaly.perform(
        jun, checkout, what="errors <b>doubled</b>", query="rate(e[5m])",
        start=now - timedelta(hours=1), end=now,
    )  # fmt: skip
    return Report.objects.get()


@pytest.mark.parametrize("page", PAGES)
def test_signing_in_comes_first(page: str, client: Client) -> None:
    assert client.get(page).headers["Location"].startswith("/sign-in?next=")


@pytest.mark.parametrize("page", PAGES)
def test_pages_say_that_telemetry_is_away(
    page: str, client: Client, jun: Person, checkout: Component, away: None
) -> None:
    client.force_login(jun)
    answer = client.get(page)
    asks_telemetry = "reports" not in page and "components" not in page
    assert answer.status_code == (422 if "query=" in page else 200)
    told = "nothing answers at http://127.0.0.1" in answer.content.decode()
    assert told is (asks_telemetry and page != "/monitoring/explore/")


def test_explore_shows_values_and_a_chart(
    client: Client, jun: Person, checkout: Component, telemetry: Telemetry
) -> None:
    client.force_login(jun)
    telemetry.says(vector(({"job": "<a>"}, "1.5")))
    page = client.get("/monitoring/explore/", {"query": "up", "component": "checkout"})
    text = page.content.decode()
    assert "1 series now." in text
    assert "{job=&quot;&lt;a&gt;&quot;}" in text
    assert "data-metric-complete" in text
    assert "data-chart=" in text
    assert f"on={checkout.ref}" in text.replace("%3A", ":")


def test_explore_shows_the_character_that_is_wrong(
    client: Client, jun: Person, house: House, telemetry: Telemetry
) -> None:
    client.force_login(jun)
    telemetry.fails(400, failure("bad_data", '1:6: parse error: unexpected identifier "foo"'))
    page = client.get("/monitoring/explore/", {"query": "up + <foo"})
    assert page.status_code == 422
    assert '<pre class="wrap">up + <mark>&lt;</mark>foo</pre>' in page.content.decode()


@pytest.mark.parametrize(
    ("query", "line", "column", "wanted"),
    [
        ("sum(up", 1, 7, ("sum(up", "", "")),
        ("a b", 1, 3, ("a ", "b", "")),
        ("a\nbcd + e", 2, 1, ("a\n", "bcd", " + e")),
        ("a", 0, 0, ("", "", "")),
        ("a", 5, 1, ("", "", "")),
        ("a", 1, 9, ("", "", "")),
    ],
)
def test_place(query: str, line: int, column: int, wanted: tuple[str, str, str]) -> None:
    assert reads.place(query, line, column) == wanted


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "1e99", "-1e99"])
def test_moments_that_are_none(text: str) -> None:
    assert reads.moment(text) is None


def test_from_a_range_on_a_chart_to_the_form(
    client: Client, jun: Person, checkout: Component
) -> None:
    jun.zone = "Europe/Berlin"
    jun.save()
    client.force_login(jun)
    start = int(datetime(2026, 3, 3, 2, 41, tzinfo=UTC).timestamp())
    found = client.get(
        "/monitoring/report",
        {"on": checkout.ref, "start": start, "end": start + 90, "query": "up", "next": "/x"},
    )
    where = urlsplit(found.headers["Location"])
    assert where.path == "/do/monitoring.report_anomaly"
    assert parse_qs(where.query) == {
        "on": [checkout.ref], "query": ["up"], "next": ["/x"],
        "start": ["2026-03-03T03:41:00"], "end": ["2026-03-03T03:42:30"],
    }  # fmt: skip
    form = client.get(found.headers["Location"]).content.decode()
    assert "2026-03-03T03:41" in form
    client.post(where.path, {
        "on": checkout.ref, "what": "odd", "query": "up",
        "start": "2026-03-03T03:41:00", "end": "2026-03-03T03:42:30",
    })  # fmt: skip
    assert Report.objects.get().start == datetime(2026, 3, 3, 2, 41, tzinfo=UTC)


def test_a_report_page(client: Client, jun: Person, ann: Person, made: Report) -> None:
    client.force_login(ann)
    text = client.get(made.get_absolute_url()).content.decode()
    assert "errors &lt;b&gt;doubled&lt;/b&gt;" in text
    assert "/do/monitoring.triage" in text
    client.force_login(jun)
    text = client.get(made.get_absolute_url()).content.decode()
    assert "/do/monitoring.triage" not in text
    assert "Nobody answers their own report." in text
    Report.objects.update(frozen=[{"metric": {}, "values": [[1, "2"]]}], freeze_after=None)
    assert "&quot;result&quot;" in client.get(made.get_absolute_url()).content.decode()


def test_it_waits_for_whom_it_can_be_answered_by(
    client: Client, jun: Person, ann: Person, made: Report, telemetry: Telemetry
) -> None:
    for person, said in ((ann, "1 report waits for your answer."),
                         (jun, "No report waits for your answer.")):  # fmt: skip
        client.force_login(person)
        assert said in client.get("/monitoring/reports/").content.decode()


def test_sources(client: Client, jun: Person, telemetry: Telemetry) -> None:
    client.force_login(jun)
    telemetry.says({"activeTargets": [
        {"scrapeUrl": "http://a:1/metrics", "health": "down", "lastError": "refused <x>",
         "labels": {"job": "a"}}, {"scrapeUrl": "http://b:1/metrics", "health": "up"},
    ]})  # fmt: skip
    text = client.get("/monitoring/sources/").content.decode()
    assert "1 of 2 sources does not answer." in text
    assert "refused &lt;x&gt;" in text
    assert "prometheus.yml" not in text


def test_sources_that_are_only_our_own_come_with_a_hint(
    client: Client, jun: Person, telemetry: Telemetry, settings: Any
) -> None:
    settings.TELEMETRY_EMBEDDED = True
    client.force_login(jun)
    telemetry.says({"activeTargets": [
        {"scrapeUrl": "local:host", "health": "up", "labels": {"job": "host"}},
    ]})  # fmt: skip
    text = client.get("/monitoring/sources/").content.decode()
    assert "All 1 source answers." in text
    assert "What else should be measured?" in text


def test_hosts(client: Client, jun: Person, telemetry: Telemetry) -> None:
    client.force_login(jun)
    telemetry.says(vector(({"instance": 'we"b'}, "1"), ({"instance": "app"}, "1")))
    text = client.get("/monitoring/hosts/").content.decode()
    assert "How app does" in text
    text = client.get("/monitoring/hosts/", {"instance": 'we"b'}).content.decode()
    assert "How we&quot;b does" in text


def test_a_component_shows_its_charts(
    client: Client, sam: Person, checkout: Component, telemetry: Telemetry
) -> None:
    acts.set_chart.perform(sam, checkout, title="Errors <1>", query='rate(e{a="b"}[5m])')
    client.force_login(sam)
    for page in ("/maintenance/components/checkout/", "/monitoring/components/checkout/?range=1d"):
        text = client.get(page).content.decode()
        assert "Errors &lt;1&gt;" in text
        assert "/monitoring/report?on=" in text


def test_many_reports(client: Client, ann: Person, jun: Person, checkout: Component) -> None:
    now = clock.now()
    Report.objects.bulk_create(
        Report(by=jun, component=checkout, what=f"odd {n}", level=1, start=now, end=now,
               answer="open" if n % 100 == 0 else "noise", freeze_after=None)
        for n in range(10_000)
    )  # fmt: skip
    client.force_login(ann)
    client.get("/monitoring/reports/")
    with CaptureQueriesContext(connection) as queries:
        text = client.get("/monitoring/reports/?answer=open").content.decode()
    assert "100 reports wait for your answer." in text
    assert "1 to 50 of 100" in text
    assert len(queries) <= LIST_QUERIES, "\n".join(q["sql"] for q in queries)


def test_read_by_rest(client: Client, jun: Person, made: Report) -> None:
    client.force_login(jun)
    (found,) = client.get("/api/v1/reports", {"answer": "open"}).json()["reports"]
    assert (found["ref"], found["by"], found["component"]) == (made.ref, "jun", "checkout")
    assert client.get("/api/v1/reports", {"answer": "real"}).json()["reports"] == []

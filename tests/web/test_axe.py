"""axe finds nothing on any page, read by somebody of the example team while an incident is open.

Pages without an argument are found by their address, so that a new one is looked at by itself.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Page
from tests.processes.installation import until
from tests.walks.browser import DESKTOP, Somebody, chromium
from tests.walks.demo import Demo, running

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.timeout(900)]
RULES = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
CONTRAST = {"type": "rule", "values": ["color-contrast"]}
SETTLED = 150  # milliseconds until colours and charts are those of the theme and width asked for
NARROW = {"width": 360, "height": 740}
TOUR = "---\ntitle: Slow\n---\n## Wait\n```text\nWhat happens when it is slow?\n```\n"
ELSEWHERE = ("/live", "/settings/styleguide")  # a stream, and what test_look looks at


class Team:
    """Everybody of the example team, over the REST API."""

    def __init__(self, demo: Demo) -> None:
        self.demo, self.clients = demo, dict[str, httpx.Client]()

    def client(self, who: str) -> httpx.Client:
        if who not in self.clients:
            self.clients[who] = httpx.Client(
                base_url=self.demo.url, timeout=30,
                headers={"Authorization": f"Bearer {self.demo.token(who)}"},
            )  # fmt: skip
        return self.clients[who]

    def does(self, who: str, act: str, on: str, **given: Any) -> str:
        """Perform an act; the reference of what came of it."""
        reply = self.client(who).post(f"/api/v1/acts/{act}", json={"on": on, **given}).json()
        assert reply.get("state") in ("done", "asked"), (act, reply)
        return str((reply.get("outcome") or {}).get("ref", ""))

    def first(self, collection: str) -> dict[str, Any] | None:
        found = self.client("associate").get(f"/api/v1/{collection}").json()[collection]
        return next(iter(found), None)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The example with an incident under way, a junior who asks, a review, a change, a silence."""
    with running(tmp_path_factory.mktemp("axe") / "data") as demo:
        _fill(Team(demo))
        yield demo


def _fill(team: Team) -> None:
    team.does("junior", "demo.break_it", "people.house:1", fault="errors")
    ended = team.does("senior", "incidents.declare", "catalog.component:payments",
                      title="Payments were slow", severity="sev4")  # fmt: skip
    team.does("senior", "incidents.take_lead", ended)
    team.does("senior", "incidents.resolve", ended, what_ended_it="The limit was raised.")
    review = team.does("senior", "practice.open_review", ended)
    team.does("junior", "practice.add_entry", review, kind="lesson", text="Nobody **knew**.")
    work = team.does("associate", "practice.propose_improvement", review,
                     title="Write it down", expected="It is known.")  # fmt: skip
    team.does("senior", "practice.accept_improvement", work, owner="associate", due="2099-01-31")
    _learn(team, review)
    change = team.does("associate", "maintenance.plan_change", "catalog.component:catalogue",
                       title="Restart with a larger pool", kind="config",
                       improvement=work.partition(":")[2])  # fmt: skip
    team.does("associate", "maintenance.start_change", change)
    team.does("junior", "maintenance.record_progress", change, text="Half.", to="associate")
    team.does("associate", "alerts.silence", "people.house:1",
              matchers='alertname="None"', minutes=60, why="It is being moved")  # fmt: skip
    team.does("junior", "seats.log", "seats.seat:1", text="As ever", query="up")
    team.does("junior", "monitoring.report_anomaly", "catalog.component:checkout",
              what="A step", query="up",
              start="2026-01-01T10:00:00Z", end="2026-01-01T10:10:00Z")  # fmt: skip
    _walk(team)
    until("somebody is paged", lambda: team.first("pages"), 60)
    alert = team.first("alerts")
    assert alert
    incident = team.does("associate", "incidents.declare_from_alert", alert["ref"],
                         title="Checkout fails", severity="sev3")  # fmt: skip
    team.does("senior", "incidents.take_lead", incident)
    team.does("junior", "incidents.join_under_instruction", incident)
    run = team.does("associate", "runbooks.start_run", incident, runbook="checkout-errors")
    team.does("associate", "runbooks.run_step", run, step=1)
    until("the step is over", lambda: (team.first("runs") or {}).get("at_step") == 2, 60)
    team.does("junior", "runbooks.answer_step", run, step=2, value="4.12")
    _investigate(team, incident)
    _agree(team, incident)


def _agree(team: Team, incident: str) -> None:
    """A proposal with a position, a commitment in the incident, a drafted standard."""
    proposal = team.does("junior", "proposals.propose", "people.house:1", kind="chart",
                         title="Show the queue", text="It **grows**.", query="up")  # fmt: skip
    team.does("junior", "proposals.take_position", proposal, stance="for", text="I saw it.",
              links=[incident])  # fmt: skip
    team.does("senior", "commitments.make", incident, what="The bank calls back.",
              due="2099-01-31T10:00:00Z", stakeholder="The bank", speaker="associate")  # fmt: skip
    standard = team.does("senior", "standards.start_standard", "people.house:1",
                         title="Watched", area="monitoring", kind="quality")  # fmt: skip
    version = team.does("senior", "standards.draft_version", standard, text="Charts.",
                        reason="We were blind.")  # fmt: skip
    team.does("senior", "standards.add_check", version, check="has-chart")


def _investigate(team: Team, incident: str) -> None:
    case = team.does("associate", "investigations.open_investigation", incident,
                     title="Why does checkout fail?")  # fmt: skip
    cause = team.does("associate", "investigations.propose", case, text="The pool is too small")
    finding = team.does("junior", "investigations.add_finding", cause, text="It is full",
                        log="pool exhausted", query="up", start="2026-01-01T10:00:00Z",
                        reference="catalog.component:checkout")  # fmt: skip
    team.does("junior", "investigations.add_finding", case, text="It began at ten")
    team.does("associate", "investigations.judge_finding", finding, says="supports")
    team.does("junior", "investigations.add_finding", cause, text="It was full before")
    team.does("associate", "investigations.tick_step", case, step=1, found="One in ten fails.")
    part = team.does("associate", "investigations.add_part", case, text="Look at the network")
    team.does("senior", "investigations.take_part", part)
    team.does("senior", "investigations.lead_as_complex", case, because="Two services are in it.")
    analysis = team.does("senior", "investigations.publish_analysis", case, affected=["payments"],
                         causes=["No limit", "No alert"], impact="One in ten, an hour")  # fmt: skip
    team.does("lead", "investigations.oversee_analysis", analysis, complete=["begin"],
              verdict="returned", why="The impact is a guess.")  # fmt: skip


def _learn(team: Team, review: str) -> None:
    """A published review with a design that rests on it, a coverage review, a pairing."""
    team.does("senior", "practice.publish_review", review, findings="The pool had no limit.")
    team.does("lead", "practice.record_design", "catalog.component:payments", title="A pool each",
              decision="Each caller gets a pool.", alternatives="One larger pool: fails later.",
              reviews=[int(review.partition(":")[2])])  # fmt: skip
    coverage = team.does("senior", "practice.open_review", "people.house:1", kind="coverage")
    team.does("junior", "practice.add_gap", coverage, component="payments", what="No refusals")
    plan = team.does("lead", "practice.open_review", "people.house:1", kind="plan")
    team.does("lead", "practice.add_decision", plan, topic="debt", text="Pay it.", owner="lead",
              due="2099-01-31")  # fmt: skip
    team.does("senior", "practice.initiate_prevention", "catalog.component:catalogue",
              title="Move old orders", expected="Less", measure="count(up)", trend="up",
              due="2099-01-31")  # fmt: skip
    pairing = team.does("senior", "practice.start_pairing", "people.person:junior",
                        duties=["MO-L1-2"], plan="Read charts.", until="2099-01-31")  # fmt: skip
    team.does("junior", "practice.note_session", pairing, text="We read the charts.")


def _walk(team: Team) -> None:
    """A walk under way and one that is finished, a written tour, a rule on trial."""
    tour = team.does("senior", "tours.publish", "people.house:1", text=TOUR)
    walk = team.does("junior", "tours.start_walk", tour)
    team.does("junior", "tours.answer", walk, step=1, text="Users wait.")
    team.does("junior", "tours.finish", walk)
    walk = team.does("junior", "tours.start_walk", "catalog.component:checkout", of="charts")
    team.does("junior", "tours.answer", walk, step=1, text="7")
    team.does("senior", "alerts.draft_rule", "alerts.rule:1", expr="up == 0", lasts="5m", days=1,
              why="It would call nobody for a blink.")  # fmt: skip


def _without_argument(pattern: URLPattern | URLResolver, before: str = "/") -> Iterator[str]:
    route = str(pattern.pattern)
    if "<" in route:
        return
    if isinstance(pattern, URLPattern):
        yield before + route
        return
    for inside in pattern.url_patterns:
        yield from _without_argument(inside, before + route)


def _pages(demo: Demo, page: Page) -> list[str]:
    """Every address without an argument that answers with a page."""
    found = []
    every = {one for app in get_resolver().url_patterns for one in _without_argument(app)}
    for address in sorted(every):
        if address.startswith(ELSEWHERE):
            continue
        answer = page.request.get(demo.url + address, max_redirects=0)
        if answer.status == 200 and answer.headers["content-type"].startswith("text/html"):
            found.append(address)
    return found


SINGLE = [
    "/proposals/1/", "/proposals/3/", "/commitments/1/", "/standards/1/", "/standards/2/",
    "/standards/1/versions/1/", "/standards/2/versions/1/", "/seats/2/", "/seats/3/",
    "/incidents/1/", "/incidents/2/", "/runs/1/", "/runbooks/checkout-errors/", "/reviews/1/",
    "/reviews/2/", "/reviews/3/", "/reviews/4/", "/improvements/2/", "/designs/1/", "/pairings/1/",
    "/pairings/2/", "/incidents/1/record/", "/improvements/1/", "/monitoring/alerts/1/",
    "/monitoring/alerts/1/calls/", "/monitoring/rules/1/", "/monitoring/silences/1/",
    "/monitoring/reports/1/", "/monitoring/components/checkout/", "/page/1/",
    "/monitoring/explore/?query=up", "/maintenance/components/checkout/",
    "/maintenance/changes/1/", "/maintenance/changes/2/",
    "/investigations/1/", "/investigations/2/", "/people/junior", "/people/associate",
    "/teams/storefront", "/ladder/people/junior", "/ladder/duties/IR-L1-3",
    "/ladder/people/junior?duty=IR-L1-3", "/ladder/people/junior/sheet",
    "/settings/escalation/shop/", "/do/incidents.set_severity?on=incidents.incident:2",
    "/do/accounts.set_dial?on=people.house:1", "/tours/components/checkout/", "/tours/1/",
    "/tours/2/", "/tours/walks/1/", "/tours/walks/2/", "/monitoring/rules/versions/1/",
]  # fmt: skip


def _problems(page: Page, only: dict[str, Any]) -> list[str]:
    found = Axe().run(page, options={"runOnly": only})
    return [
        f"{rule['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]


def _settled_problems(page: Page, only: dict[str, Any]) -> list[str]:
    """What is wrong once the page has taken the theme and the width.

    On a busy machine single elements keep the colours of the theme before for longer. So what was
    found is looked for again on the page as it loads in this theme, which is what people see.
    """
    page.wait_for_timeout(SETTLED)
    if not _problems(page, only):
        return []
    page.reload()
    page.wait_for_timeout(3 * SETTLED)
    return _problems(page, only)


def test_axe_finds_nothing_on_any_page(demo: Demo) -> None:
    problems: list[str] = []
    with chromium() as browser:
        reader = Somebody(browser, demo.url, "associate")
        page, pages = reader.page, _pages(demo, reader.page)
        assert {"/", "/asks", "/incidents/", "/monitoring/", "/ladder/"} <= set(pages)
        for address in [*pages, *SINGLE]:
            page.set_viewport_size(DESKTOP)
            page.emulate_media(color_scheme="light", reduced_motion="reduce")
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 200, address
            page.wait_for_timeout(3 * SETTLED)
            found = {"light, 1280": _problems(page, RULES)}
            page.emulate_media(color_scheme="dark", reduced_motion="reduce")
            found["dark, 1280"] = _settled_problems(page, CONTRAST)
            page.set_viewport_size(NARROW)
            found["dark, 360"] = _settled_problems(page, RULES)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found["dark, 360"].append("it is wider than the window")
            problems += [f"{address} ({how}) {one}" for how, them in found.items() for one in them]
        assert reader.errors == []
    assert not problems, "\n\n".join(problems)

"""No request body, address or form makes the server fail: what cannot be read is refused with 4xx.

Every registered act is given JSON that fits its schema and JSON that does not, on things that are
there; so are the addresses that read. Deterministic: the same cases on every run.
"""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from tests.conftest import MakePerson

from watchbill.accounts import acts as accounts
from watchbill.acts.kinds import Act
from watchbill.acts.registry import KINDS
from watchbill.acts.rest import kind_described, resources
from watchbill.alerts import acts as alerts
from watchbill.alerts.models import Alert, Change, Closing, Rule, RuleFile, RuleGroup
from watchbill.catalog.models import Component
from watchbill.commitments import acts as commitments
from watchbill.incidents import acts as incidents
from watchbill.incidents.models import Incident, Record
from watchbill.investigations import acts as investigations
from watchbill.ladder import adopt
from watchbill.ladder.models import Judgement, Raise
from watchbill.lib import clock
from watchbill.maintenance import acts as maintenance
from watchbill.monitoring import acts as monitoring
from watchbill.paging import acts as paging
from watchbill.paging import escalate
from watchbill.people.identify import digest
from watchbill.people.models import House, Person, Team, Token
from watchbill.people.subject import Subject, find
from watchbill.practice import acts as practice
from watchbill.practice.models import Review
from watchbill.proposals import acts as proposals
from watchbill.runbooks import acts as runbooks
from watchbill.seats import acts as seats
from watchbill.standards import acts as standards
from watchbill.tours import acts as tours
from watchbill.tours import reads as tour_reads

UNDERSTOOD = {200, 202, 301, 302, 400, 403, 404, 409, 413, 422}
QUICK = profile(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "6")), deadline=None, derandomize=True,
    database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip
RUNBOOK = (
    "---\nslug: look\ntitle: Look\n---\n## Which\n```value node\nWhich?\n```\n"
    "## Ask\n```http\nmethod: GET\nurl: http://127.0.0.1:9/{node}\n```\n"
)
HARD = ["", " ", "\0", "a\0b", "\ud800", "9" * 30, "9" * 5000, "²", "1e400", "-1", "x" * 3000,
        "shop", "fred", "look", "sev1", "maintenance", "routine", 'a="b"', 'a=~"("', "# x\n- y",
        "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
        "ann, wait 5 min", RUNBOOK]  # fmt: skip
texts = st.sampled_from(HARD) | st.text(st.characters(), max_size=20)
numbers = st.sampled_from([0, 1, 4, -1, 2**31, 2**63, 2**64, 10**30]) | st.integers(-10, 2**40)
anything = st.recursive(
    st.none() | st.booleans() | numbers | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


def fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values as a JSON Schema asks for them, as hard as it allows."""
    if choices := schema.get("enum"):
        return st.sampled_from(choices)
    if options := schema.get("anyOf"):
        return st.one_of(*(fitting(option) for option in options))
    match schema.get("type"):
        case "integer":
            return numbers
        case "number":
            return numbers | st.floats()
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(fitting(schema.get("items", {})), max_size=3)
        case "null":
            return st.none()
        case _:
            return texts


def body_of(kind: Act) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies for an act: its parameters mostly as declared, some missing, some of another kind."""
    known = {p.name: texts | anything for p in kind.wanted}
    shape = kind_described(kind)["parameters"]
    for name, schema in shape.get("properties", {}).items():
        known[name] = fitting(schema) | known[name]
    required = {name: known[name] for name in shape.get("required", [])}
    beside = {"version": anything, "again": anything, "other": anything}
    return st.fixed_dictionaries(
        required, optional={**{n: s for n, s in known.items() if n not in required}, **beside}
    )


@pytest.fixture
def fred(make_person: MakePerson, settings: Any) -> Person:
    """May do everything, so that the deeds themselves are reached."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick
    return make_person("fred", 4, owner=True)


@pytest.fixture
def things(fred: Person, make_person: MakePerson, team: Team) -> dict[str, list[Subject]]:
    """Something of every kind that acts are done on."""
    house = House.get()
    house.dials = dict.fromkeys(("incident-response", "monitoring", "maintenance"), "ask")
    house.save()
    ann, now = make_person("ann", 1), clock.now()
    shop = Component.objects.create(slug="shop", name="Shop", owner=team)
    accounts.add_contact.perform(fred, fred, kind="email", address="f@x.org")
    accounts.make_token.perform(fred, fred, name="t")
    alert = Alert.objects.create(
        fingerprint="f", name="Down", labels={"a": "b", "component": "shop"}, component=shop,
        state=Alert.State.FIRING, starts_at=now, received_at=now, severity="critical",
    )  # fmt: skip
    Change.objects.create(alert=alert, before="", after="firing")
    escalate.take_changes(now)
    escalate.take_steps(now)
    incident = incidents.declare.perform(fred, house, title="Broken")
    incidents.join_under_instruction.perform(ann, _made(incident))
    incidents.add_task.perform(fred, _made(incident), text="Look")
    incidents.list_workaround.perform(fred, shop, title="Wait", how="Wait.")
    Record.objects.create(incident=Incident.objects.get(), number=1, published_by=fred)
    change = maintenance.plan_change.perform(fred, shop, title="Do", kind="deploy")
    maintenance.record_progress.perform(fred, _made(change), text="well", to="ann")
    runbooks.publish.perform(fred, house, text=RUNBOOK)
    runbooks.start_run.perform(fred, shop, runbook="look")
    review = practice.open_review.perform(fred, _made(incident))
    practice.propose_improvement.perform(fred, _made(review), title="Mend", expected="less")
    coverage = practice.open_review.perform(fred, shop, kind="coverage")
    practice.add_gap.perform(fred, _made(coverage), component="shop", what="nobody sees it")
    soon = now.date() + timedelta(days=9)
    practice.start_pairing.perform(fred, ann, duties=["MO-L1-2"], plan="read", until=soon)
    looked = Review.objects.create(
        about="catalog.component:shop", title="Look", area="maintenance", lead=fred,
        state="published",
    )  # fmt: skip
    practice.record_design.perform(
        fred, shop, title="Pools", decision="one for each", alternatives="one for all",
        reviews=[looked.pk],
    )  # fmt: skip
    case = investigations.open_investigation.perform(fred, shop, title="Why?")
    cause = investigations.propose.perform(fred, _made(case), text="The pool")
    investigations.add_finding.perform(fred, _made(cause), text="It is full")
    investigations.add_part.perform(fred, _made(case), text="The disk")
    investigations.publish_analysis.perform(fred, _made(case), causes=["a", "b"], impact="all")
    monitoring.report_anomaly.perform(fred, shop, what="odd", start=now - timedelta(hours=1))

    alerts.silence.perform(fred, house, matchers='a="b"', why="quiet")
    paging.make_policy.perform(fred, house, name="Web", steps="fred, wait 5 min")
    adopt.ship_default()
    _judged(fred)
    _agreed(fred, ann, shop, _made(incident), _made(change))
    asked = monitoring.set_chart.perform(make_person("mel", monitoring=2), shop, title="t")
    assert asked.state == "asked"
    return {
        model._meta.label_lower: list(model._default_manager.order_by("-pk")[:2])
        for model in apps.get_models()
        if issubclass(model, Subject)
    }


def _agreed(fred: Person, ann: Person, shop: Component, incident: Subject, change: Subject) -> None:
    """What people agree on, watch over, walk and divide."""
    now, house = clock.now(), House.get()
    soon = now + timedelta(days=9)
    commitments.make.perform(
        fred, incident, what="Ask the bank", due=soon, stakeholder="The bank", speaker="ann"
    )
    suggested = proposals.propose.perform(ann, shop, kind="chart", title="Pool", text="See it")
    proposals.take_position.perform(fred, _made(suggested), stance="for", text="It was missed")
    started = standards.start_standard.perform(
        fred, house, title="Ready", area="maintenance", kind="quality"
    )
    standards.draft_version.perform(
        fred, _made(started), text="# Ready", reason="It was not", words="incidents", before="3"
    )
    seats.take_watch.perform(fred, house)
    seats.take_care.perform(fred, shop)
    maintenance.take_lead_of_change.perform(fred, change)
    maintenance.add_part.perform(fred, change, text="The cache")
    tours.publish.perform(fred, house, text=tour_reads.EXAMPLE)
    tours.start_walk.perform(ann, shop)
    rule = "groups: [{name: g, rules: [{alert: Full, expr: up == 0, for: 5m}]}]"
    alerts.write_rule.perform(fred, shop, text=rule, why="It filled up")
    group = RuleGroup.objects.create(
        file=RuleFile.objects.create(path="shop.yml"), name="g", interval=60, next_at=now
    )
    Rule.objects.create(
        group=group, name="Down", position=0, line=1, expr="up == 0", labels={"component": "shop"}
    )
    Closing.objects.create(alert=Alert.objects.get(), by=ann, cause="fault", own=True, alone=True)


def _judged(person: Person) -> None:
    duty = adopt.in_force().duties.get(key="MO-L1-3")
    Judgement.objects.create(
        person=person, duty=duty, line=duty.line, area="monitoring", word="waived", by=person,
        by_level=4,
    )  # fmt: skip
    Raise.objects.create(person=person, area="monitoring", level=2, rests_on="Signed.")


def _made(entry: Any) -> Subject:

    return find(entry.came_of_it["ref"])


def on(kind: Act, things: dict[str, list[Subject]]) -> list[Subject]:
    """What there is of what the act is done on."""
    label = kind.subject._meta.label_lower
    if kind.subject._meta.abstract:
        return [one for some in things.values() for one in some[:1]]
    return things[label]


NAMES = sorted(name for name in KINDS if not name.startswith("test."))


@pytest.mark.parametrize("app", sorted({name.partition(".")[0] for name in NAMES}))
def test_acts_take_or_refuse_whatever_they_are_given(
    app: str, things: dict[str, list[Subject]], fred: Person
) -> None:
    browser = Client(raise_request_exception=False)
    browser.force_login(fred)
    failed: list[str] = []

    def check(answer: Any, sent: object) -> None:
        if answer.status_code not in UNDERSTOOD:
            failed.append(f"{answer.status_code} {sent!r:.300}: {answer.exc_info!r:.300}")

    for name in (name for name in NAMES if name.startswith(f"{app}.")):
        kind = KINDS[name]
        assert on(kind, things), f"nothing to do {name} on"

        _fuzz(name, on(kind, things), browser, check)
    assert not failed, "\n".join(failed)


def _fuzz(
    name: str, subjects: list[Subject], browser: Client, check: Callable[[Any, object], None]
) -> None:
    """Try one act by its four doors: the API, its form, the form posted, and the question."""

    @QUICK
    @given(body=body_of(KINDS[name]), subject=st.sampled_from(subjects))
    def cases(body: dict[str, Any], subject: Subject) -> None:
        with transaction.atomic():
            sent = json.dumps({**body, "on": subject.ref})
            check(browser.post(f"/api/v1/acts/{name}", sent, "application/json"), (name, sent))
            transaction.set_rollback(True)
        with transaction.atomic():
            form = {key: str(value).replace("\ud800", "") for key, value in body.items()}
            form["on"] = subject.ref
            check(browser.get(f"/do/{name}", form), ("form", name, form))
            check(browser.post(f"/do/{name}", form), ("posted", name, form))
            check(browser.get("/api/v1/may", {**form, "act": name}), ("may", name, form))
            transaction.set_rollback(True)

    cases()


ADDRESSES = (
    "/api/v1/may?act={x}&on={x}",
    "/api/v1/ledger?ref={x}&act={x}&by={x}&state={x}&before={x}&limit={x}",
    "/do/accounts.add_team?on={x}",
    "/do/{x}?on=people.house:1&again={x}&version={x}",
    "/live/poll?topics={x}&after={x}",
    "/alertmanager/api/v2/alerts?filter={x}",
    "/alertmanager/api/v2/silences?filter={x}",
    "/alertmanager/api/v2/silence/{x}",
    "/people/{x}", "/teams/{x}", "/incidents/{x}/", "/runbooks/{x}/", "/alerts/{x}/",
    "/monitoring/reports/{x}/", "/monitoring/explore/?q={x}&range={x}&start={x}&end={x}",
)  # fmt: skip
READ = (
    *ADDRESSES,
    *(f"/api/v1/{name}/{{x}}" for name in sorted(resources())),
    *(
        f"/api/v1/{name}?limit={{x}}&offset={{x}}" + "".join(f"&{key}={{x}}" for key in r.filters)
        for name, r in sorted(resources().items())
        if r.filters
    ),
    *(
        f"/api/v1/{name}?{key}={{x}}"
        for name, r in sorted(resources().items())
        for key in (*(r.filters or ()), "limit", "offset")
    ),
)
VALUES = ["", "0", "²", "9" * 30, "9" * 4400, "9e99", "-1", "%00", "a%00", "%ED%A0%80", "%FF",
          "people.house:%00", "people.house:" + "9" * 30, "people.house:" + "9" * 4400,
          "people.person:%00", "alerts.alert:²", "none", "true", "a.b", "[", "%2e%2e"]  # fmt: skip


def test_addresses_lead_somewhere_or_nowhere(
    things: dict[str, list[Subject]], fred: Person
) -> None:
    browser = Client(raise_request_exception=False)
    browser.force_login(fred)
    failed = []
    for address in READ:
        for value in VALUES:
            answer = browser.get(address.replace("{x}", value))
            if answer.status_code not in UNDERSTOOD:
                failed.append(f"{address} {value:.30}: {answer.exc_info!r:.300}")
    assert not failed, "\n".join(failed)


DEEP = 100_000


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEEP, b'{"a":' * DEEP, b'{"on":"people.house:1","slug":' + b"[" * DEEP,
        b"\xff", b"nul", b'{"on":"\\ud800"}', b'{"on":"people.house:1","again":[]}', b"1e400",
        b'{"on":"people.house:1","slug":"a","name":NaN}', b'{"on":"\\u0000"}', b"", b"null",
    ],
    ids=lambda body: body[:24].decode(errors="replace"),
)  # fmt: skip
@pytest.mark.parametrize(
    "path",
    ["/api/v1/acts/accounts.add_team", "/api/v1/asks/1/answer", "/alertmanager/api/v2/alerts",
     "/alertmanager/api/v2/silences"],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_refused(path: str, body: bytes, fred: Person) -> None:

    Token.objects.create(kind="personal", person=fred, name="t", sha256=digest("wb_x"))
    answer = Client().post(
        path, body, content_type="application/json", HTTP_AUTHORIZATION="Bearer wb_x"
    )
    assert answer.status_code in UNDERSTOOD - {200, 202}

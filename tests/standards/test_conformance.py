"""Checks run over all components; results say since when and why; exemptions end by themselves."""

from datetime import timedelta

import pytest
from tests.standards.conftest import Draft, run

from watchbill.acts import perform
from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Entry
from watchbill.alerts.models import Rule, RuleFile, RuleGroup
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.maintenance import acts as maintenance
from watchbill.maintenance.models import Change
from watchbill.people.models import Person, Team
from watchbill.practice.models import Improvement
from watchbill.prometheus import BadQuery, Sample, TelemetryAway
from watchbill.runbooks.models import Runbook, RunbookVersion
from watchbill.standards import acts, evaluate, reads
from watchbill.standards.models import Result, Standard, StandardVersion

SOON = timedelta(minutes=6)


@pytest.fixture
def checked(draft: Draft, lea: Person, shop: Component):
    """`checked("has-chart", "at_least=2")`: what the check says of the shop, run anew."""

    def check(name: str, *given: str, samples: tuple[Sample, ...] = ()) -> tuple[str, str]:
        version = StandardVersion.objects.first() or draft()
        label = f"{name} {version.checks.count()}"
        acts.add_check.perform(lea, version, check=name, given=given, label=label)
        run(*samples)
        result = Result.objects.get(check_of__label=label, component=shop)
        return result.state, result.reason

    return check


def test_owner_charts_and_links(checked, shop: Component, team: Team, jun: Person, ann: Person):
    assert checked("owner-has-members") == ("fails", "Shop team has 0 of 2 members")
    team.members.add(jun, ann)
    assert checked("owner-has-members")[0] == "ok"
    assert checked("has-chart") == ("fails", "0 of 1 charts are set")
    assert checked("has-links") == ("fails", "no link to repository and documentation")
    shop.links = {"Repository": "https://x", "Documentation": "https://y"}
    shop.charts = [{"title": "Up", "query": "up"}]
    shop.save()
    assert (checked("has-links")[0], checked("has-chart")[0]) == ("ok", "ok")


def test_overdue_improvements(checked, shop: Component, jun: Person) -> None:
    assert checked("no-overdue-improvement") == ("ok", "nothing is overdue")
    due = clock.now().date() - timedelta(days=1)
    Improvement.objects.create(
        about=shop.ref, title="Limit retries", area="maintenance", proposed_by=jun, owner=jun,
        due=due, state="accepted", expected="x",
    )  # fmt: skip
    state, reason = checked("no-overdue-improvement")
    assert (state, "Limit retries" in reason) == ("fails", True)


def test_a_measured_value(checked) -> None:
    two = (Sample({"job": "shop"}, 0, 0.2), Sample({"component": "shop"}, 0, 0.9))
    assert checked("promql", "query=x", "bound=0.5", samples=two) == (
        "fails", "0.9, where <= 0.5 is asked",
    )  # fmt: skip
    assert checked("promql", "query=x", "bound=0.2", "is=>=", samples=two)[0] == "ok"
    none = (Sample({"job": "other"}, 0, 0.2), Sample({"job": "shop"}, 0, float("nan")))
    assert checked("promql", "query=x", "bound=1", samples=none)[0] == "unknown"


def test_runbooks_and_rules(checked, shop: Component, sam: Person) -> None:
    assert checked("has-runbook")[0] == "fails"
    book = Runbook.objects.create(slug="r", title="Restart", component=shop, area="maintenance")
    book.in_force = RunbookVersion.objects.create(
        runbook=book, number=1, source="x", content={}, published_by=sam
    )
    book.save()
    assert checked("has-runbook") == ("ok", "“Restart” is published")
    assert checked("has-alert-rule") == ("fails", "no rule in force names it")
    file = RuleFile.objects.create(path="shop.yml")
    group = RuleGroup.objects.create(file=file, name="g", interval=60, next_at=clock.now())
    rule = Rule.objects.create(
        group=group, key="k", position=0, line=1, name="Slow", expr="x > 1", health="ok",
        labels={"service": "shop"},
    )  # fmt: skip
    assert checked("has-alert-rule") == ("fails", "Slow has no severity")
    rule.labels = {"service": "shop", "severity": "page"}
    rule.save()
    assert checked("has-alert-rule") == ("ok", "Slow is in force")


def test_the_second_person_of_a_critical_change(
    checked, shop: Component, sam: Person, lea: Person
) -> None:
    name = "second-person-on-critical-change"
    assert checked(name) == ("ok", "no critical change has begun")
    change = Change.objects.create(
        title="5.0", component=shop, kind="update", planned_by=sam, declared=2, started_by=sam,
        started_at=clock.now(), state="under-way",
    )  # fmt: skip
    assert checked(name) == ("fails", "nobody else agreed to “5.0”")
    change.state, change.started_at = "planned", None
    change.save()
    asked = maintenance.start_change.perform(sam, change)
    assert asked.state == Entry.State.ASKED
    perform.answer(asked.pk, lea, go_ahead=True)
    assert checked(name) == ("ok", "Lea agreed to “5.0”")


def test_a_check_is_for_components_from_a_tier_on(
    draft: Draft, lea: Person, shop: Component
) -> None:
    version = draft()
    acts.add_check.perform(lea, version, check="has-chart", from_tier="critical")
    run()
    assert Result.objects.count() == 0
    with pytest.raises(CannotBeDone, match="not in force"):
        acts.accept_report.perform(lea, version, component="shop", word="x")


def test_results_say_since_when(draft: Draft, lea: Person, shop: Component) -> None:
    version = draft()
    acts.add_check.perform(lea, version, check="has-chart", given=("at_least=2",))
    assert run() == 1
    assert run() == 0, "it is not due again yet"
    first = Result.objects.get()
    clock.shift(SOON)
    shop.charts = [{"title": "Up", "query": "up"}]
    shop.save()
    run()
    again = Result.objects.get()
    assert (again.since, again.reason) == (first.since, "1 of 2 charts are set")
    clock.shift(SOON)
    shop.charts *= 2
    shop.save()
    run()
    assert Result.objects.get().since > first.since


def test_telemetry_that_is_away_changes_nothing(draft: Draft, lea: Person, shop: Component) -> None:
    version = draft()
    acts.add_check.perform(lea, version, check="promql", given=("query=x", "bound=1"))
    run(Sample({"job": "shop"}, 0, 0.5))
    clock.shift(SOON)
    run(error=TelemetryAway("gone"))
    assert Result.objects.get().state == "ok"
    clock.shift(SOON)
    run(error=BadQuery("no such function"))
    check = version.checks.get()
    assert (Result.objects.get().state, "no such function" in check.problem) == ("unknown", True)
    check.name = "gone"
    check.save()
    clock.shift(SOON)
    run()
    check.refresh_from_db()
    assert check.problem == "is no check any more"


@pytest.fixture
def failing(draft: Draft, lea: Person, shop: Component) -> StandardVersion:
    """A version in force that the shop does not conform to."""
    version = draft()
    acts.add_check.perform(lea, version, check="has-chart", label="Charts")
    acts.put_in_force.perform(lea, version)
    run()
    return StandardVersion.objects.get()


def test_an_exemption_ends_by_itself(
    failing: StandardVersion, lea: Person, shop: Component
) -> None:
    standard, today = failing.standard, clock.now().date()
    terms = {"component": "shop", "check": "Charts", "reason": "It is being replaced."}
    assert reads.report(failing, None).sentence == "One thing is missing."
    acts.exempt.perform(lea, standard, until=today + timedelta(days=30), **terms)
    report = reads.report(failing, None)
    assert report.sentence == "Every component conforms."
    assert [(cell.word, cell.kind) for cell in report.rows[0][1]] == [("exempted", "guide")]
    standing = reads.of_component(shop)[0]
    assert (standing.missing, len(standing.exempted)) == ([], 1)
    clock.shift(timedelta(days=31))
    assert [cell.word for cell in reads.report(failing, None).rows[0][1]] == ["not yet"]
    assert len(reads.of_component(shop)[0].missing) == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"days": 181}, "until"),
        ({"days": -1}, "until"),
        ({"check": "Soul"}, "check"),
        ({"component": "moon"}, "component"),
        ({"reason": " "}, "reason"),
    ],
)
def test_an_exemption_has_a_reason_and_an_end(
    failing: StandardVersion, lea: Person, given: dict, field: str
) -> None:
    terms = {"component": "shop", "check": "Charts", "reason": "Soon.", "days": 1} | given
    until = clock.now().date() + timedelta(days=terms.pop("days"))
    with pytest.raises(CannotBeDone) as error:
        acts.exempt.perform(lea, failing.standard, until=until, **terms)
    assert error.value.field == field


def test_a_measure_is_read_before_and_thirty_days_after(draft: Draft, lea: Person) -> None:
    version = draft(kind="process", area="incident-response", query="minutes")

    def read(*samples: Sample) -> int:
        return evaluate.read_measures(clock.now(), lambda query, at=None: list(samples))

    assert read() == 0
    version.refresh_from_db()
    assert version.measure_problem == "gives 0 values instead of one"
    with pytest.raises(CannotBeDone, match="gives 0 values"):
        acts.put_in_force.perform(lea, version)
    assert (read(Sample({}, 0, 41)), read(Sample({}, 0, 50))) == (1, 0)
    acts.put_in_force.perform(lea, version)
    assert read(Sample({}, 0, 30)) == 0
    clock.shift(timedelta(days=30, seconds=1))
    assert read(Sample({}, 0, 9)) == 1
    version.refresh_from_db()
    assert (version.before, version.after, version.measure_problem) == ("41", "9", "")


def test_a_standard_without_checks_says_so(draft: Draft, lea: Person) -> None:
    version = draft(kind="severities")
    assert reads.report(version, None).sentence == "Nothing in it is checked by itself."
    acts.add_check.perform(lea, version, check="has-chart")
    assert reads.report(version, None).sentence == "Its checks have not run yet."
    assert Standard.objects.get().in_force is None

"""Fixes: listed ones are routine, the signal is named and read, the lead judges."""

from datetime import datetime, timedelta

import pytest
from tests.incidents.conftest import Declare

from watchbill.acts.authority import Effect
from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.incidents import acts, measure
from watchbill.incidents.models import Fix, Incident, Severity, Workaround
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.people.models import Person
from watchbill.prometheus import BadQuery, QueryFunc, Sample

ERRORS = "sum(rate(errors_total[5m]))"


@pytest.fixture
def cache(checkout: Component, sam: Person) -> Workaround:
    acts.list_workaround.perform(sam, checkout, title="Serve from the cache", how="Set it to on.")
    return Workaround.objects.get()


def values(*found: float) -> QueryFunc:
    return lambda query, at=None: [Sample({}, 0, value) for value in found]


def applied(incident: Incident, by: Person, **given: object) -> Fix:
    acts.apply_fix.perform(by, incident, **given)  # type: ignore[arg-type]
    return Fix.objects.latest("pk")


@pytest.mark.parametrize(
    ("severity", "tier"),
    [("sev4", Tier.MODERATE), ("sev3", Tier.MODERATE), ("sev1", Tier.CRITICAL)],
)
def test_only_what_is_listed_is_routine(
    declare: Declare, cache: Workaround, severity: str, tier: Tier
) -> None:
    incident = declare(severity=Severity(severity))
    assert acts.apply_fix.tier(incident, {"workaround": cache.pk}) is Tier.ROUTINE
    assert acts.apply_fix.tier(incident, {"what": "Restart"}) is tier
    assert acts.apply_fix.tier(incident, {"workaround": cache.pk + 1}) is tier


def test_in_a_critical_incident_what_is_new_takes_a_second_person(
    declare: Declare, cache: Workaround, sam: Person
) -> None:
    incident = declare(severity=Severity.SEV1)
    assert acts.apply_fix.may(sam, incident, {"what": "Restart"}).effect is Effect.SECOND
    assert acts.apply_fix.may(sam, incident, {"workaround": cache.pk}).effect is Effect.DO


def test_a_workaround_off_the_list_is_no_routine(
    incident: Incident, cache: Workaround, sam: Person, ann: Person
) -> None:
    with pytest.raises(CannotBeDone, match="listed already"):
        acts.list_workaround.perform(sam, cache.component, title=cache.title, how="Again.")
    with pytest.raises(CannotBeDone, match="Say why"):
        acts.withdraw_workaround.perform(sam, cache, why="")
    acts.withdraw_workaround.perform(sam, cache, why="Prices were wrong.")
    with pytest.raises(CannotBeDone, match="off the list"):
        acts.withdraw_workaround.perform(sam, cache, why="Twice")
    assert acts.apply_fix.tier(incident, {"workaround": cache.pk}) is Tier.MODERATE
    with pytest.raises(CannotBeDone, match="No such workaround"):
        applied(incident, ann, workaround=cache.pk, measure=ERRORS)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x"}, "how"),
        ({"title": "x", "runbook": "no"}, "runbook"),
    ],
)
def test_a_workaround_says_how(
    checkout: Component, sam: Person, given: dict[str, str], field: str
) -> None:
    with pytest.raises(CannotBeDone) as caught:
        acts.list_workaround.perform(sam, checkout, **given)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"measure": ERRORS}, "what"),
        ({"what": "Restart"}, "alert"),
        ({"what": "Restart", "alert": 99}, "alert"),
        ({"what": "Restart", "measure": "x" * 1001}, "measure"),
    ],
)
def test_a_fix_says_what_it_is_and_what_it_should_move(
    incident: Incident, sam: Person, given: dict[str, object], field: str
) -> None:
    with pytest.raises(CannotBeDone) as caught:
        applied(incident, sam, **given)
    assert caught.value.field == field


def test_a_fix_of_an_alert_is_judged_by_the_lead_alone(
    incident: Incident, alert: Alert, sam: Person, lea: Person, cache: Workaround, ann: Person
) -> None:
    acts.link_alert.perform(ann, incident, alert=alert.pk)
    acts.take_lead.perform(sam, incident)
    fix = applied(incident, ann, workaround=cache.pk, alert=alert.pk)
    assert fix.alert_before == "firing"
    told = {"fix": fix.pk, "verdict": Fix.Verdict.HELPED, "because": "It is over."}
    with pytest.raises(CannotBeDone, match="Sam leads"):
        acts.judge_fix.perform(lea, incident, **told)
    with pytest.raises(CannotBeDone, match="no such fix"):
        acts.judge_fix.perform(sam, incident, **{**told, "fix": 99})
    with pytest.raises(CannotBeDone, match="what the signal did"):
        acts.judge_fix.perform(sam, incident, **{**told, "because": " "})
    Alert.objects.update(state=Alert.State.RESOLVED)
    acts.judge_fix.perform(sam, incident, **told)
    fix.refresh_from_db()
    assert (fix.alert_after, fix.judged_by) == ("resolved", sam)
    with pytest.raises(CannotBeDone, match="judged it already"):
        acts.judge_fix.perform(sam, incident, **told)


def test_nobody_judges_their_own_and_unclear_shows_nothing(
    incident: Incident, sam: Person, lea: Person
) -> None:
    acts.take_lead.perform(sam, incident)
    fix = applied(incident, sam, what="Restart", measure=ERRORS)
    told = {"fix": fix.pk, "verdict": Fix.Verdict.UNCLEAR, "because": "Nothing to see yet."}
    with pytest.raises(CannotBeDone, match="their own fix"):
        acts.judge_fix.perform(sam, incident, **told)
    acts.judge_fix.perform(lea, incident, **told)
    assert not Shown.objects.exists()


def test_nothing_is_fixed_that_is_over(incident: Incident, sam: Person) -> None:
    acts.resolve.perform(sam, incident, what_ended_it="It ended.")
    with pytest.raises(CannotBeDone, match="resolved"):
        applied(incident, sam, what="Restart", measure=ERRORS)


def test_the_measure_is_read_as_of_then_and_five_minutes_later(
    incident: Incident, sam: Person
) -> None:
    fix = applied(incident, sam, what="Restart", measure=ERRORS)
    asked: list[datetime | None] = []

    def query(query: str, at: datetime | None = None) -> list[Sample]:
        asked.append(at)
        return [Sample({}, 0, 1.0)]

    assert measure.tick(clock.now(), query) == 1
    assert measure.tick(clock.now(), query) == 0, "it is read once"
    clock.shift(measure.SETTLES + timedelta(seconds=1))
    assert measure.tick(clock.now(), query) == 1
    assert asked == [fix.applied_at, fix.applied_at + measure.SETTLES]
    fix.refresh_from_db()
    assert fix.reading == "1 → 1"


def test_what_cannot_be_read_is_said_and_given_up_after_a_day(
    incident: Incident, sam: Person, lea: Person
) -> None:
    fix = applied(incident, sam, what="Restart", measure="sum(")

    def refused(query: str, at: datetime | None = None) -> list[Sample]:
        raise BadQuery("1:5: parse error")

    assert measure.tick(clock.now(), refused) == 0
    fix.refresh_from_db()
    assert "parse error" in fix.measure_problem
    assert measure.tick(clock.now(), values(1, 2)) == 0
    fix.refresh_from_db()
    assert "2 values" in fix.measure_problem
    verdict = Fix.Verdict.DID_NOT_HELP
    acts.judge_fix.perform(lea, incident, fix=fix.pk, verdict=verdict, because="Seen by eye.")
    clock.shift(measure.GIVEN_UP)
    assert measure.tick(clock.now(), values(1)) == 0

"""Changes: who may do what, and the walks from a plan to a closed change."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.conftest import MakePerson
from tests.maintenance.conftest import Plan

from watchbill.acts import timeline
from watchbill.acts.authority import Effect
from watchbill.acts.given import CannotBeDone
from watchbill.acts.perform import NoGoAhead, answer
from watchbill.acts.registry import KINDS
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.maintenance import acts
from watchbill.maintenance.models import Change, Progress
from watchbill.monitoring import reads as monitoring
from watchbill.people.models import Person
from watchbill.practice.models import Improvement
from watchbill.runbooks import acts as runbooks
from watchbill.runbooks.models import Run, Runbook

pytestmark = pytest.mark.django_db
DO, WAIT, SECOND, REFUSE = Effect.DO, Effect.WAIT, Effect.SECOND, Effect.REFUSE


def window(hours: float = 0, length: float = 1) -> dict[str, datetime]:
    start = clock.now() + timedelta(hours=hours)
    return {"starts": start, "ends": start + timedelta(hours=length)}


def critical(plan: Plan, payments: Component, **given: Any) -> Change:
    return plan(payments, backout="deploy the version before", **{**window(), **given})


@pytest.mark.parametrize(
    ("name", "risk", "wanted"),
    [
        ("plan_change", "routine", [WAIT, DO, DO, DO]),
        ("revise_plan", "routine", [WAIT, DO, DO, DO]),
        ("approve_change", "routine", [REFUSE, REFUSE, DO, DO]),
        ("approve_change", "critical", [REFUSE, REFUSE, DO, DO]),
        ("start_change", "routine", [WAIT, DO, DO, DO]),
        ("start_change", "moderate", [REFUSE, WAIT, DO, DO]),
        ("start_change", "critical", [REFUSE, WAIT, SECOND, SECOND]),
        ("complete_change", "routine", [WAIT, DO, DO, DO]),
        ("complete_change", "critical", [REFUSE, WAIT, SECOND, SECOND]),
        ("back_out", "routine", [WAIT, DO, DO, DO]),
        ("document", "critical", [WAIT, DO, DO, DO]),
        ("record_progress", "critical", [DO, DO, DO, DO]),
    ],
)
def test_levels(
    name: str, risk: str, wanted: list[Effect], make_person: MakePerson, plan: Plan,
    checkout: Component,
) -> None:  # fmt: skip
    change = plan(risk=risk, backout="back", **window())
    kind = KINDS[f"maintenance.{name}"]
    on = checkout if kind.subject is Component else change
    people = [make_person(f"p{level}", level) for level in (1, 2, 3, 4)]
    assert [kind.may(person, on, {}).effect for person in people] == wanted


def test_a_junior_walks_a_routine_change(
    jun: Person, ann: Person, plan: Plan, bump: Runbook, checkout: Component
) -> None:
    change = plan(procedure="bump")
    asked = acts.start_change.perform(jun, change)
    change.refresh_from_db()
    assert (asked.state, change.state) == ("asked", "planned")
    with pytest.raises(NoGoAhead, match="themselves"):
        answer(asked.pk, jun, go_ahead=True)
    answer(asked.pk, ann, go_ahead=True)
    change.refresh_from_db()
    assert (change.state, change.started_by) == ("under-way", jun)

    runbooks.start_run.perform(jun, change, runbook="bump")
    run = change.runs.get()
    assert run.area == Area.MAINTENANCE
    with pytest.raises(CannotBeDone, match="not run to the end"):
        acts.complete_change.perform(jun, change, outcome="looks good to me")
    for step in (1, 2):
        waiting = runbooks.run_step.perform(jun, run, step=step)
        assert waiting.state == "asked"
        answer(waiting.pk, ann, go_ahead=True)
    run.refresh_from_db()
    assert run.state == Run.State.FINISHED

    told = acts.record_progress.perform(jun, change, text="Deployed, no errors.", to="ann")
    assert told.state == "done"
    acts.acknowledge_report.perform(ann, Progress.objects.get(), word="Well done.")
    ask = acts.complete_change.perform(jun, change, outcome="the error rate stays at zero")
    answer(ask.pk, ann, go_ahead=True)
    change.refresh_from_db()
    assert (change.state, change.result) == ("verified", "verified")
    ask = acts.document.perform(jun, change, docs="updated", link="https://docs.example/lib")
    answer(ask.pk, ann, go_ahead=True)
    change.refresh_from_db()
    assert (change.state, change.docs) == ("closed", "updated")

    done = [(e.kind, e.by, e.guide) for e in timeline.of(change) if e.state == "done"]
    assert ("maintenance.start_change", jun, ann) in done
    assert ("runbooks.run_step", jun, ann) in done
    on_component = {e.kind for e in timeline.of(checkout)}
    assert {"maintenance.plan_change", "maintenance.complete_change"} <= on_component
    labels = [m["label"] for m in monitoring.marks(checkout, clock.now() - timedelta(hours=1))]
    assert labels == ["change verified", "change begun"]


def test_a_critical_change_needs_a_second_person(
    ann: Person, sam: Person, lea: Person, jun: Person, plan: Plan, payments: Component
) -> None:
    change = critical(plan, payments)
    assert change.tier is Tier.CRITICAL
    asked = acts.start_change.perform(sam, change)
    change.refresh_from_db()
    assert (asked.state, asked.mode, change.state) == ("asked", "alone", "planned")
    for who, why in ((sam, "themselves"), (jun, "may do this, alone or guided")):
        with pytest.raises(NoGoAhead, match=why):
            answer(asked.pk, who, go_ahead=True)
    done = answer(asked.pk, ann, go_ahead=True)  # four eyes, not four ranks
    change.refresh_from_db()
    assert (done.by, done.guide, change.state) == (sam, ann, "under-way")
    asked = acts.back_out.perform(sam, change, outcome="errors rose at once")
    answer(asked.pk, lea, go_ahead=True)
    change.refresh_from_db()
    assert (change.state, change.result, change.ended_by) == ("backed-out", "backed-out", sam)


def test_a_critical_change_is_planned_with_a_window_and_a_way_back(
    plan: Plan, payments: Component
) -> None:
    for given, field in (({}, "backout"), ({"backout": "x"}, "starts"), (window(), "backout")):
        with pytest.raises(CannotBeDone) as caught:
            plan(payments, **given)
        assert caught.value.field == field


def test_risk_is_the_higher_of_two(
    plan: Plan, payments: Component, checkout: Component, sam: Person, ann: Person
) -> None:
    assert plan(risk="moderate").tier is Tier.MODERATE
    change = critical(plan, payments, untouched_because="only its wiki page")
    assert change.tier is Tier.CRITICAL
    assert "nobody agreed yet" in change.risk_because
    other = critical(plan, payments, by=sam)
    with pytest.raises(CannotBeDone, match="their own plan"):
        acts.approve_change.perform(sam, other)
    assert acts.approve_change.perform(ann, change).state == "refused"
    acts.approve_change.perform(sam, change)
    change = Change.objects.get(pk=change.pk)
    assert (change.state, change.tier) == ("approved", Tier.ROUTINE)
    assert "Sam agreed" in change.risk_because
    acts.revise_plan.perform(
        ann, change, title="More", backout="x", untouched_because="so", **window()
    )
    change = Change.objects.get(pk=change.pk)
    assert (change.state, change.approved_by, change.tier) == ("planned", None, Tier.CRITICAL)


def test_a_go_ahead_dies_with_the_plan_it_was_asked_on(
    jun: Person, ann: Person, sam: Person, plan: Plan
) -> None:
    change = plan()
    asked = acts.start_change.perform(jun, change)
    acts.revise_plan.perform(ann, change, title="Something else")
    with pytest.raises(NoGoAhead, match="changed since"):
        answer(asked.pk, sam, go_ahead=True)


def test_planning_leaves_go_aheads_on_the_component_alone(plan: Plan, checkout: Component) -> None:
    plan()
    checkout.refresh_from_db()
    assert checkout.version == 0


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": " "}, "title"),
        ({"ends": timedelta(hours=1)}, "starts"),
        ({"starts": timedelta(hours=1)}, "ends"),
        ({"starts": timedelta(hours=2), "ends": timedelta(hours=1)}, "ends"),
        ({"starts": timedelta(hours=-2), "ends": timedelta(hours=-1)}, "ends"),
        ({"procedure": "nothing"}, "procedure"),
        ({"improvement": "9"}, "improvement"),
        ({"improvement": "x"}, "improvement"),
    ],
)
def test_a_plan_that_makes_no_sense(given: dict[str, Any], field: str, plan: Plan) -> None:
    moved = {k: clock.now() + v if isinstance(v, timedelta) else v for k, v in given.items()}
    with pytest.raises(CannotBeDone) as caught:
        plan(**moved)
    assert caught.value.field == field
    assert not Change.objects.exists()


def test_it_begins_within_its_window(ann: Person, plan: Plan) -> None:
    change = plan(**window(hours=2))
    with pytest.raises(CannotBeDone, match="has not begun"):
        acts.start_change.perform(ann, change)
    clock.shift(timedelta(hours=1, minutes=50))
    acts.start_change.perform(ann, change)
    late = plan(**window(hours=0))
    clock.shift(timedelta(hours=2))
    with pytest.raises(CannotBeDone, match="is over"):
        acts.start_change.perform(ann, late)


def test_each_step_has_its_time(ann: Person, plan: Plan) -> None:
    change = plan()
    for too_early in (acts.complete_change, acts.back_out):
        with pytest.raises(CannotBeDone, match="is planned"):
            too_early.perform(ann, change, outcome="all is well")
    acts.start_change.perform(ann, change)
    with pytest.raises(CannotBeDone, match="under way"):
        acts.start_change.perform(ann, change)
    with pytest.raises(CannotBeDone, match="Say what you saw"):
        acts.complete_change.perform(ann, change, outcome="ok")
    acts.document.perform(ann, change, docs="declined", reason="no words describe it")
    change.refresh_from_db()
    assert change.state == "under-way"
    acts.complete_change.perform(ann, change, outcome="all is well")
    change.refresh_from_db()
    assert (change.state, change.result) == ("closed", "verified")
    with pytest.raises(CannotBeDone, match="closed"):
        acts.document.perform(ann, change, docs="declined", reason="no words at all")


def test_documents_are_linked_or_declined_with_a_reason(ann: Person, plan: Plan) -> None:
    for given, field in (({"docs": "updated"}, "link"), ({"docs": "declined"}, "reason"),
                         ({"docs": "updated", "link": "javascript:x"}, "link")):  # fmt: skip
        with pytest.raises(CannotBeDone) as caught:
            acts.document.perform(ann, plan(), **given)
        assert caught.value.field == field


def test_a_running_procedure_is_ended_first(ann: Person, plan: Plan, bump: Runbook) -> None:
    change = plan(procedure="bump")
    acts.start_change.perform(ann, change)
    runbooks.start_run.perform(ann, change, runbook="bump")
    with pytest.raises(CannotBeDone, match="goes on"):
        acts.back_out.perform(ann, change, outcome="it went wrong")
    runbooks.halt.perform(ann, change.runs.get(), why="errors")
    assert acts.back_out.perform(ann, change, outcome="it went wrong").state == "done"


def test_who_acknowledges_a_report(
    jun: Person, ann: Person, sam: Person, make_person: MakePerson, plan: Plan
) -> None:
    change = plan()
    with pytest.raises(CannotBeDone, match="somebody else"):
        acts.record_progress.perform(jun, change, text="half done", to="jun")
    acts.record_progress.perform(ann, change, text="half done", to="jun")
    told = Progress.objects.get()
    with pytest.raises(CannotBeDone, match="their own"):
        acts.acknowledge_report.perform(ann, told)
    with pytest.raises(CannotBeDone, match="told to Jun"):
        acts.acknowledge_report.perform(make_person("bea", 2), told)
    assert acts.acknowledge_report.perform(jun, told).rule == "own"
    with pytest.raises(CannotBeDone, match="already"):
        acts.acknowledge_report.perform(sam, told)


def test_it_shows_on_the_improvement_it_carries_out(
    ann: Person, plan: Plan, checkout: Component
) -> None:
    work = Improvement.objects.create(
        about=checkout.ref, title="Fewer errors", area=Area.MAINTENANCE, proposed_by=ann,
        expected="less than one a minute", state=Improvement.State.ACCEPTED,
    )  # fmt: skip
    change = plan(improvement=str(work.pk))
    work.refresh_from_db()
    assert work.change == change.ref
    acts.start_change.perform(ann, change)
    acts.complete_change.perform(ann, change, outcome="no errors for an hour")
    said = [entry.says for entry in timeline.of(work)]
    assert "verified the change “Bump the library”: no errors for an hour" in said

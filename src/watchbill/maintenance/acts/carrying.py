"""Carrying a change out: begin, verify or back out, and a lead who confirms it."""

from typing import Annotated

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.acts.shown import Show
from watchbill.catalog.leads import why_not_lead
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.maintenance.acts.planning import EARLY
from watchbill.maintenance.acts.rules import (
    begun_with_a_go_ahead,
    close_if_settled,
    ended_as_planned,
    how_it_was_done,
    must_be,
)
from watchbill.maintenance.measure import SETTLES
from watchbill.maintenance.models import Change, Part
from watchbill.people.models import Person
from watchbill.runbooks.models import Run

State = Change.State


def _start_effect(change: Change, given: Given) -> list[str]:
    lines = [f"{change.component}: {change.get_kind_display()}, {change.tier.word} risk"]
    if change.ends:
        lines.append(f"until {change.ends:%Y-%m-%d %H:%M} UTC at the latest")
    return [*lines, f"way back: {change.backout or 'none was planned'}"]


@act(
    "change",
    duties="MA-L1-2 MA-L2-2 MA-L2-3 MA-L3-1",
    says="began the change “{on}”",
    title="Begin",
    effect=_start_effect,
)
def start_change(change: Change, by: Person) -> Outcome:
    """Begin within the window. From now on everybody sees that it is under way."""
    must_be(change, State.PLANNED, State.APPROVED)
    now = clock.now()
    if change.starts and now < change.starts - EARLY:
        raise CannotBeDone("Its window has not begun.", hint="Wait, or change the plan.")
    if change.ends and now >= change.ends:
        raise CannotBeDone("Its window is over.", hint="Change the plan: a new window.")
    change.state, change.started_by, change.started_at = State.UNDER_WAY, by, now
    if change.improvement is not None and change.improvement.measure:
        change.measure_after = now
    change.save(update_fields=["state", "started_by", "started_at", "measure_after"])
    return {}


@act(
    "change",
    duties="MA-L1-2 MA-L2-2 MA-L2-3 MA-L3-1",
    shows="MA-L1-2 MA-L3-1",
    says="verified the change “{on}”: {outcome}",
    title="Complete",
)
def complete_change(
    change: Change,
    by: Person,
    *,
    outcome: Annotated[str, Field(label="How was it verified?", long=True)],
) -> Outcome:
    """Say by what you saw that it does what it should."""
    if (
        change.procedure
        and not change.runs.filter(
            of__runbook=change.procedure.runbook, state=Run.State.FINISHED
        ).exists()
    ):
        raise CannotBeDone(
            f"Its procedure was not run to the end: {change.procedure.runbook}.",
            hint="Finish the run (skipping a step is declared there), or back out.",
        )
    if part := change.parts.filter(state__in=Part.OPEN).first():
        raise CannotBeDone(
            f"A part is not done: {part}.", hint="Finish it, or its lead drops it with a reason."
        )
    return _end(change, by, State.VERIFIED, outcome)


@act(
    "change",
    duties="MA-L1-2 MA-L2-2 MA-L2-3 MA-L3-1",
    shows="MA-L1-2 MA-L3-1",
    says="backed out the change “{on}”: {outcome}",
    title="Back out",
    effect=lambda change, given: [f"way back: {change.backout or 'none was planned'}"],
)
def back_out(
    change: Change, by: Person, *, outcome: Annotated[str, Field(label="Why, and how", long=True)]
) -> Outcome:
    """Go the way back. A clean way back is a good change too."""
    return _end(change, by, State.BACKED_OUT, outcome)


@act(
    "review",
    shows="MA-L2-2",
    says="confirmed the change “{on}”, done by {doer} {how}",
    title="Confirm",
    moves=False,
)
def confirm_change(
    change: Change,
    by: Person,
    *,
    word: Annotated[str, Field(label="A word to whoever did it")] = "",
) -> Outcome:
    """A lead of the component says that it was done well: verified, or backed out cleanly."""
    doer = change.ended_by
    if not change.result or doer is None:
        raise CannotBeDone("It has not ended yet.")
    if change.confirmed_at is not None:
        raise CannotBeDone(f"{change.confirmed_by} confirmed it already.")
    if doer.pk == by.pk:
        raise CannotBeDone("Nobody confirms their own change.", hint="Another lead does.")
    if why_not := why_not_lead(by, change.component):
        raise CannotBeDone(why_not)
    change.confirmed_by, change.confirmed_at = by, clock.now()
    change.confirmed_word = word.strip()[:500]
    change.save(update_fields=["confirmed_by", "confirmed_at", "confirmed_word"])
    how = how_it_was_done(change, doer)
    shows = [Show("MA-L2-2", doer, on=change, witness=by)]
    earned = how and change.tier is Tier.ROUTINE
    return {"doer": str(doer), "how": how, "shows": shows if earned else []}


def _end(change: Change, by: Person, state: State, outcome: str) -> Outcome:
    must_be(change, State.UNDER_WAY)
    if running := change.runs.filter(state=Run.State.RUNNING).first():
        raise CannotBeDone(f"{running} goes on.", hint="Finish or halt it first.")
    if len(outcome.split()) < 2:
        raise CannotBeDone("Say what you saw.", field="outcome", hint="A sentence is enough.")
    change.state, change.result, change.outcome = state, state.value, outcome.strip()
    change.ended_by, change.ended_at = by, clock.now()
    if change.improvement is not None and change.improvement.measure:
        change.measure_after = (
            change.ended_at + SETTLES if change.measured_before is not None else change.ended_at
        )
    close_if_settled(change)
    change.save()
    return {"shows": _shown_at_the_end(change, by)}


def _shown_at_the_end(change: Change, by: Person) -> list[Show]:
    """Of whoever did it all under a go-ahead, or led a critical one; seen by who let it happen."""
    routine = change.tier is Tier.ROUTINE and change.started_by_id == by.pk
    if routine and begun_with_a_go_ahead(change, by):
        return [Show("MA-L1-2", by, on=change, guided=True)]
    if change.led_by_id == by.pk and ended_as_planned(change):
        return [Show("MA-L3-1", by, on=change)]  # a critical act has its second person
    return []

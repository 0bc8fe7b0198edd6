"""Parts of a change: its lead divides it, others take a part, do it, and the lead accepts it."""

from typing import Annotated

from watchbill.acts import timeline
from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.acts.shown import Show
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.maintenance.acts.planning import procedures, version_of
from watchbill.maintenance.acts.rules import BEGINS, ENDS, leads, level, must_lead
from watchbill.maintenance.acts.rules import must_not_have_ended as must_go_on
from watchbill.maintenance.models import Change, Part
from watchbill.people.models import Person
from watchbill.practice.somebody import Somebody, named
from watchbill.runbooks.models import Run

State = Part.State
SENIOR = 3  # whoever leads a change so that a part of it shows MA-L2-3
# What counts as done with a go-ahead: the steps of a part, the part, or the change itself.
DOINGS = (
    "maintenance.finish_part", "maintenance.carry_out_part", BEGINS, *ENDS,
    "runbooks.run_step", "runbooks.answer_step",
)  # fmt: skip
Result = Annotated[str, Field(label="What was done, and what did you see?", long=True)]


def _leads_its_change(part: Part, person: Person) -> bool:
    return leads(part.change, person)


@act("lead", tier=Tier.ROUTINE, own=leads, says="added a part: {text}", title="Add a part")
def add_part(
    change: Change,
    by: Person,
    *,
    text: Annotated[str, Field(label="What is to be done?")],
    alters: Annotated[
        bool, Field(label="It alters what runs", help="Then it is done as the change itself is.")
    ] = False,
    procedure: Annotated[
        str, Field(choices=procedures, help="A runbook whose steps are followed.")
    ] = "",
    who: Somebody = "",
) -> Outcome:
    """Divide a change that you lead, so that others do a part of it."""
    must_go_on(change)
    must_lead(change, by)
    if not 0 < len(text.strip()) <= 300:
        raise CannotBeDone("Say it in 1 to 300 characters.", field="text")
    part = Part.objects.create(
        change=change, text=text.strip(), alters=alters, added_by=by,
        procedure=version_of(procedure, field="procedure"),
        asked=named(who, field="who") if who else None,
    )  # fmt: skip
    return {"ref": part.ref, "url": change.get_absolute_url()}


@act("take", tier=Tier.ROUTINE, duties="MA-L2-3", says="took the part “{on}”", title="Take it")
def take_part(part: Part, by: Person) -> Outcome:
    """Do this part of the change."""
    must_go_on(part.change)
    if part.state != State.OPEN:
        raise CannotBeDone(f"The part is {part.state}.")
    if part.asked is not None and part.asked_id != by.pk:
        raise CannotBeDone(f"{part.asked} was asked to do it.", hint="Its lead asks you instead.")
    part.holder, part.taken_at, part.state = by, clock.now(), State.TAKEN
    part.save(update_fields=["holder", "taken_at", "state"])
    return {}


@act("note", duties="MA-L2-3", says="noted on “{on}”: {text}", title="Note")
def note_on_part(part: Part, by: Person, *, text: Long) -> Outcome:
    """Say what you see or think about this part. It stands in the change's timeline."""
    if not text.strip():
        raise CannotBeDone("The note is empty.", field="text")
    return {}


def _effect(part: Part, given: Given) -> list[str]:
    lines = [f"{part.change.component}: {part.text}"]
    if part.alters:
        lines.append(f"way back: {part.change.backout or 'none was planned'}")
    return lines


@act(
    "run",
    duties="MA-L2-3",
    says="did the part “{on}”: {result}",
    title="Done",
    effect=_effect,
)
def finish_part(part: Part, by: Person, *, result: Result) -> Outcome:
    """Say that the steps of your part are done, and by what you see it."""
    if part.alters:
        raise CannotBeDone("This part alters what runs.", hint="Carry it out.")
    return _done(part, by, result)


@act(
    "change",
    duties="MA-L2-3",
    says="carried out the part “{on}”: {result}",
    title="Carry it out",
    effect=_effect,
)
def carry_out_part(part: Part, by: Person, *, result: Result) -> Outcome:
    """Make the alteration of your part, and say by what you see that it is made."""
    if not part.alters:
        raise CannotBeDone("This part alters nothing that runs.", hint="Say that it is done.")
    if not part.change.under_way:
        raise CannotBeDone("The change has not begun.", hint="It begins first.")
    return _done(part, by, result)


@act(
    "lead",
    tier=Tier.ROUTINE,
    own=_leads_its_change,
    shows="MA-L2-3",
    says="accepted the part “{on}” of {who}",
    title="Accept",
)
def accept_part(
    part: Part, by: Person, *, word: Annotated[str, Field(label="A word back")] = ""
) -> Outcome:
    """The lead of the change accepts a part that was done."""
    must_lead(part.change, by)
    if part.state != State.DONE or part.holder is None:
        raise CannotBeDone("The part is not done.")
    if part.holder_id == by.pk:
        raise CannotBeDone("Nobody accepts their own part.")
    part.state, part.word, part.settled_at = State.ACCEPTED, word.strip()[:500], clock.now()
    part.save(update_fields=["state", "word", "settled_at"])
    earned = (
        part.change.tier is Tier.MODERATE
        and level(by) >= SENIOR
        and _with_a_go_ahead(part, part.holder)
    )
    shows = [Show("MA-L2-3", part.holder, on=part.change, witness=by)] if earned else []
    return {"who": str(part.holder), "shows": shows}


@act(
    "lead",
    tier=Tier.ROUTINE,
    own=_leads_its_change,
    says="gave the part “{on}” back: {why}",
    title="Give it back",
)
def return_part(
    part: Part, by: Person, *, why: Annotated[str, Field(label="What is missing?")]
) -> Outcome:
    """Say what is missing. Whoever did the part goes on with it."""
    must_lead(part.change, by)
    must_go_on(part.change)
    if part.state != State.DONE:
        raise CannotBeDone("The part is not done.")
    if not why.strip():
        raise CannotBeDone("Say what is missing.", field="why")
    part.state, part.word = State.TAKEN, why.strip()[:500]
    part.save(update_fields=["state", "word"])
    return {}


@act(
    "lead",
    tier=Tier.ROUTINE,
    own=_leads_its_change,
    says="dropped the part “{on}”: {why}",
    title="Drop it",
)
def drop_part(
    part: Part, by: Person, *, why: Annotated[str, Field(label="Why is it not done?")]
) -> Outcome:
    """Leave a part out, with the reason."""
    must_lead(part.change, by)
    if part.state not in Part.OPEN:
        raise CannotBeDone(f"The part is {part.state}.")
    if not why.strip():
        raise CannotBeDone("Say why.", field="why")
    part.state, part.word, part.settled_at = State.DROPPED, why.strip()[:500], clock.now()
    part.save(update_fields=["state", "word", "settled_at"])
    return {}


def _done(part: Part, by: Person, result: str) -> Outcome:
    must_go_on(part.change)
    if part.state != State.TAKEN:
        raise CannotBeDone(f"The part is {part.state}.", hint="Take it first.")
    if part.holder_id != by.pk:
        raise CannotBeDone(f"{part.holder} does this part.")
    if part.procedure is not None and not _followed(part):
        raise CannotBeDone(
            f"Its procedure was not run to the end: {part.procedure.runbook}.",
            hint="Finish the run; a step that is skipped is declared there.",
        )
    if len(result.split()) < 2:
        raise CannotBeDone("Say what you saw.", field="result", hint="A sentence is enough.")
    part.state, part.result, part.done_at = State.DONE, result.strip()[:1000], clock.now()
    part.save(update_fields=["state", "result", "done_at"])
    return {}


def _followed(part: Part) -> bool:
    assert part.procedure is not None
    finished = part.runs.filter(of__runbook=part.procedure.runbook, state=Run.State.FINISHED)
    return finished.exists()


def _with_a_go_ahead(part: Part, person: Person) -> bool:
    """A guide let `person` do the part, a step of it, or the change that it belongs to."""
    about = [part.ref, part.change.ref, *(run.ref for run in part.runs)]
    done = (timeline.done(kind) for kind in DOINGS)
    guided = (rows.filter(by=person, subject__in=about, guide__isnull=False) for rows in done)
    return any(rows.exists() for rows in guided)

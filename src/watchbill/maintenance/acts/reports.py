"""Reporting on a change: a line of one's own to a guide, who acknowledges it."""

from typing import Annotated

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.lib import clock
from watchbill.maintenance.acts.rules import level
from watchbill.maintenance.models import Change, Progress
from watchbill.people.models import Person
from watchbill.practice.somebody import Somebody, named


@act(
    "report",
    duties="MA-L1-4",
    says="reported to {to_name} on “{on}”: {text}",
    title="Report progress",
)
def record_progress(
    change: Change,
    by: Person,
    *,
    text: Annotated[str, Field(label="How does it go?", help="A line of your own.")],
    to: Annotated[Somebody, Field(label="To")],
) -> Outcome:
    """Tell your guide how it goes or what came of it; they acknowledge it."""
    if not 0 < len(text.strip()) <= 1000:
        raise CannotBeDone("Say it in 1 to 1000 characters.", field="text")
    guide = named(to, field="to")
    if guide.pk == by.pk:
        raise CannotBeDone("A report is told to somebody else.", field="to")
    progress = Progress.objects.create(change=change, by=by, to=guide, text=text.strip())
    return {"ref": progress.ref, "to_name": str(guide)}


@act(
    "take",
    own=lambda progress, person: progress.to_id == person.pk,
    shows="MA-L1-4",
    says="acknowledged “{on}”",
    title="Acknowledge",
)
def acknowledge_report(
    progress: Progress, by: Person, *, word: Annotated[str, Field(label="A word back")] = ""
) -> Outcome:
    """Say that you read it. Whoever it was told to does, or somebody above the one who told it."""
    if progress.acknowledged_at is not None:
        raise CannotBeDone(f"{progress.acknowledged_by} acknowledged it already.")
    if by.pk == progress.by_id:
        raise CannotBeDone("Nobody acknowledges their own report.")
    if by.pk != progress.to_id and by.level(progress.area) <= progress.by.level(progress.area):
        raise CannotBeDone(f"It was told to {progress.to}.", hint="They acknowledge it.")
    progress.acknowledged_by, progress.acknowledged_at = by, clock.now()
    progress.word = word.strip()[:500]
    progress.save(update_fields=["acknowledged_by", "acknowledged_at", "word"])
    above = level(by) > level(progress.by)  # it is told to somebody with more experience
    shows = [Show("MA-L1-4", progress.by, on=progress.change, witness=by)] if above else []
    return {"shows": shows}

"""Evidence: what an act showed of whom, with the witness. Written with the ledger row.

Evidence is an act with its outcome and a witness, so it is complete at the moment when somebody
else receives, judges or confirms the work. The deed of *that* act says what was shown:

    return {"shows": [Show("IR-L1-2", finding.by, on=finding, witness=by)]}

and its declaration names the duties it may show: `@act("investigate", shows="IR-L1-2", ...)`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from watchbill.acts.models import Entry, Shown
from watchbill.lib.levels import Area
from watchbill.people.models import Person
from watchbill.people.subject import Subject

MOST = 2  # duties of one person that one entry can be evidence for
_AREAS = {area.prefix: area.value for area in Area}


@dataclass(frozen=True)
class Show:
    """That `person` fulfilled `duty` on `on`. Without a witness it is the guide of the act."""

    duty: str  # of the shipped ladder: "IR-L1-3"
    person: Person
    on: Subject
    witness: Person | None = None
    drill: bool = False
    guided: bool = False  # counts only when the act had a go-ahead


def write(entry: Entry, shows: Iterable[Show], declared: Iterable[str] | None = None) -> None:
    """Keep what `entry` showed. Raises ValueError for what the act never declared to show.

    Automations earn nothing and witness nothing; nobody is the witness of what they did themselves.
    """
    rows: list[Shown] = []
    for show in shows:
        if declared is not None and show.duty not in declared:
            raise ValueError(f"{entry.kind} shows {show.duty} and does not declare it")
        if show.person.automation or (show.guided and not entry.was_guided):
            continue
        witness = show.witness or entry.guide
        if witness is not None and (witness.automation or witness.pk == show.person.pk):
            witness = None
        rows.append(
            Shown(
                entry=entry, duty=show.duty, person=show.person, on=show.on.ref, witness=witness,
                witness_level=witness.level(_AREAS[show.duty[:2]]) if witness else 0,
                drill=show.drill,
            )
        )  # fmt: skip
    for person in {row.person_id for row in rows}:
        duties = {row.duty for row in rows if row.person_id == person}
        if len(duties) > MOST:
            raise ValueError(f"one entry is evidence for at most {MOST} duties, not {duties}")
    Shown.objects.bulk_create(rows)

"""Looking back on something done under guidance: a line from who learned, a line from who guided.

What can be looked back on is a ledger entry with a guide, or a subject that says so itself: one
with the methods of `Debriefed`, such as a seat under instruction.
"""

from typing import Annotated, Any, Protocol, runtime_checkable

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject, find
from watchbill.practice.about import area_of
from watchbill.practice.models import Debrief

# Guiding an act, in each area where a debriefed go-ahead shows it.
GUIDED_ACTS = {Area.INCIDENT_RESPONSE.value: "IR-L3-3", Area.MAINTENANCE.value: "MA-L3-4"}


@runtime_checkable
class Debriefed(Protocol):
    """A subject that two people look back on."""

    def debrief_pair(self) -> tuple[Person, Person]:
        """Who learned and who guided. Raises CannotBeDone while it is too early."""

    def debrief_shows(self, roles: frozenset[str]) -> list[Show]:
        """What is shown once the lines of `roles` (of `Debrief.Role`) are written, the last now."""


@act(
    "review",
    area=area_of,
    tier=Tier.ROUTINE,
    duties="IR-L1-1 IR-L1-3 IR-L3-3 MA-L1-2 MA-L3-4 MO-L3-5",
    shows="IR-L1-1 IR-L3-3 MA-L3-4 MO-L3-5",
    says="looked back on “{what}”: {line}",
    title="Debrief",
    moves=False,
)
def debrief(
    on: Subject,
    by: Person,
    *,
    line: Annotated[
        str,
        Field(label="In a line", help="What went well, what did it give you, what next time?"),
    ],
) -> Outcome:
    """Look back on guided work: one line from who learned, one from who guided."""
    entry: Any = on
    if isinstance(on, Debriefed):
        learner, guide = on.debrief_pair()
        about, number, what = on.ref, None, str(on)
    elif entry._meta.label_lower == "acts.entry" and entry.was_guided:
        if entry.voided_by.exists():
            raise CannotBeDone("This entry is void: there is nothing to look back on.", field="on")
        learner, guide = entry.by, entry.guide
        about, number, what = entry.subject, entry.pk, entry.says
    else:
        raise CannotBeDone("Only what was guided is debriefed.", field="on")
    role = {guide.pk: Debrief.Role.GUIDE, learner.pk: Debrief.Role.LEARNER}.get(by.pk)
    if role is None:
        raise CannotBeDone("Only who learned and who guided debrief it.")
    if not 0 < len(line.strip()) <= 500:
        raise CannotBeDone("One line, of at most 500 characters.", field="line")
    written = Debrief.objects.filter(about=about, entry=number)
    if written.filter(role=role).exists():
        raise CannotBeDone("Your line is written already.", hint="Add a note instead.")
    Debrief.objects.create(entry=number, about=about, role=role, by=by, line=line.strip())
    roles = frozenset(written.values_list("role", flat=True))
    if isinstance(on, Debriefed):
        shows = on.debrief_shows(roles)
    else:
        shows = _of_entry(entry.area, roles, learner, guide, find(about))
    return {"ref": about, "what": what, "shows": shows}


def _of_entry(
    area: str, roles: frozenset[str], learner: Person, guide: Person, on: Subject
) -> list[Show]:
    """Guiding is shown when both looked back: the learner says what it gave them."""
    duty = GUIDED_ACTS.get(area)
    both = roles == {Debrief.Role.GUIDE, Debrief.Role.LEARNER}
    return [Show(duty, guide, on=on, witness=learner)] if duty and both else []

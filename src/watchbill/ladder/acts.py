"""What is done about the ladder itself."""

from typing import Annotated

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.ladder import adopt
from watchbill.ladder.document import LadderError
from watchbill.ladder.models import Ladder
from watchbill.lib import clock
from watchbill.lib.levels import LEVELS, Area
from watchbill.people.models import House, Person

EVERYWHERE = Area.INCIDENT_RESPONSE  # the owner's flag decides, not a level


@act("suggest", area=EVERYWHERE, says="drafted the ladder {title}", title="Draft another ladder")
def draft_ladder(
    house: House,
    by: Person,
    *,
    text: Annotated[str, Field(label="The document, in Markdown", long=True)],
) -> Outcome:
    """Read a ladder document and look at what it would change. Nothing takes effect yet."""
    try:
        ladder = adopt.draft(text, by)
    except LadderError as error:
        raise CannotBeDone(str(error), field="text") from None
    return {"ref": ladder.ref, "url": f"/ladder/drafts/{ladder.pk}", "title": ladder.title}


@act("administer", area=EVERYWHERE, says="adopted the ladder {on}", title="Put into force")
def adopt_ladder(ladder: Ladder, by: Person) -> Outcome:
    """Put this ladder into force. The one before stays kept, and can be put into force again."""
    known = {area.value for area in Area}
    other = sorted({duty.area for duty in ladder.duties.all()} - known)
    if other:
        raise CannotBeDone(
            f"Areas without a counterpart: {', '.join(other)}.",
            hint="Name them Incident response, Monitoring and Maintenance.",
        )
    above = sorted({duty.level for duty in ladder.duties.all()} - set(LEVELS))
    if above:
        raise CannotBeDone(
            f"Levels above L{max(LEVELS)}: {', '.join(f'L{n}' for n in above)}.",
            hint="Join them to the levels 1 to 4.",
        )
    before = adopt.in_force()
    ladder.adopted_at = clock.now()
    ladder.save(update_fields=["adopted_at"])
    return {"before": before.ref, "url": "/ladder/"}

"""What the acts on somebody's lines have in common: which line is meant, in which area."""

from watchbill.acts.given import CannotBeDone
from watchbill.acts.registry import Given
from watchbill.ladder.adopt import in_force
from watchbill.ladder.mapping import kept
from watchbill.ladder.models import Judgement
from watchbill.ladder.reads import Line, matrix
from watchbill.lib.levels import Area
from watchbill.people.models import Person


def area_given(on: object, given: Given) -> str:
    """The area of ours that the duty `given` lies in; incident response where there is none."""
    ladder = in_force()
    slugs = ladder.duties.filter(key=given.get("duty", "")).values_list("area", flat=True)
    found = [where.ours for where in kept(ladder.areas) if where.slug in slugs]
    return (found[0] if found else None) or Area.INCIDENT_RESPONSE


def area_of_judgement(on: Judgement, given: Given) -> str:
    """The area of the judged line."""
    return on.area


def line_named(person: Person, duty: str) -> Line:
    """The line of `person`. Raises CannotBeDone."""
    found = matrix(person).line(duty)
    if found is None:
        raise CannotBeDone(
            f"There is no duty {duty!r} in the ladder in force.", field="duty",
            hint="An id such as IR-L1-3; see /ladder/duties.",
        )  # fmt: skip
    return found


def written(text: str, field: str, what: str, most: int = 500) -> str:
    """A sentence that must be there. Raises CannotBeDone."""
    if not 0 < len(text.strip()) <= most:
        raise CannotBeDone(f"{what}, in 1 to {most} characters.", field=field)
    return text.strip()

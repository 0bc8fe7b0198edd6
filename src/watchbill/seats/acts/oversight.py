"""Who is accountable for an area, and who stands in."""

from datetime import datetime
from typing import Annotated

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import House, Person
from watchbill.people.subject import Subject
from watchbill.practice.somebody import Somebody, named
from watchbill.seats.models import Seat
from watchbill.seats.sit import made, moment_after, must_be_held, sit

AreaWord = Annotated[str, Field(choices=lambda on: [(area.value, area.title) for area in Area])]


def _area(on: Subject, given: Given) -> str:
    return str(given.get("area", Area.INCIDENT_RESPONSE))


@act(
    "place",
    area=_area,
    tier=Tier.ROUTINE,
    says="appointed {who} as accountable for {where}",
    title="Appoint",
    moves=False,
)
def appoint(
    house: House,
    by: Person,
    *,
    area: AreaWord,
    holder: Somebody,
    deputy: Somebody = "",
    term_ends: Annotated[datetime | None, Field(label="Term ends")] = None,
) -> Outcome:
    """Name one person who answers for an area, with a deputy. It holds once they accept."""
    if area not in list(Area):
        raise CannotBeDone("There is no such area.", field="area", hint=", ".join(Area))
    who = named(holder, field="holder")
    stands_in = named(deputy, field="deputy") if deputy else None
    if stands_in is not None and stands_in.pk == who.pk:
        raise CannotBeDone("The deputy is somebody else.", field="deputy")
    seat = sit(
        house, who, Seat.Role.ACCOUNTABLE, area=area, deputy=stands_in, given_by=by,
        provisional=True, term_ends=moment_after(term_ends, field="term_ends"),
    )  # fmt: skip
    return {**made(seat), "who": str(who), "where": Area(area).title.lower()}


@act(
    "own",
    own=lambda seat, person: seat.holder_id == person.pk,
    says="named {who} as deputy",
    title="Name a deputy",
)
def name_deputy(seat: Seat, by: Person, *, deputy: Somebody) -> Outcome:
    """Say who stands in while you are away."""
    must_be_held(seat)
    if seat.overdue(clock.now()):
        raise CannotBeDone("Its term is over.", hint="Whoever may appoint appoints anew.")
    who = named(deputy, field="deputy")
    if who.pk == seat.holder_id:
        raise CannotBeDone("The deputy is somebody else.", field="deputy")
    seat.deputy = who
    seat.save(update_fields=["deputy"])
    return {"who": str(who)}

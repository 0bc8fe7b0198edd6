"""Taking a seat, being asked into one, passing it on, and looking back on it."""

from datetime import datetime
from typing import Annotated, Literal

from watchbill.acts.authority import Mode
from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.acts.shown import Show
from watchbill.catalog.leads import why_not_lead
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import House, Person
from watchbill.people.subject import Subject
from watchbill.practice.somebody import Somebody, named
from watchbill.seats.acts.oversight import appoint
from watchbill.seats.models import Seat
from watchbill.seats.sit import (
    AREAS,
    displace,
    end,
    made,
    moment_after,
    must_be_free,
    must_be_held,
    sit,
)
from watchbill.seats.work import seen_through

Role = Seat.Role
Until = Annotated[datetime | None, Field(label="Until", help="Empty: until it is handed over.")]


@act(
    "take",
    area=Area.MAINTENANCE,
    tier=Tier.ROUTINE,
    duties="MA-L2-1",
    says="took the caretaker's seat of {on}",
    title="Be its caretaker",
    moves=False,
)
def take_care(component: Component, by: Person, *, until: Until = None) -> Outcome:
    """Look after a component: its changes, its documents, what others report about it."""
    term = moment_after(until, field="until")
    return made(sit(component, by, Role.CARETAKER, term_ends=term))


def _area_of_role(on: Subject, given: Given) -> str:
    return AREAS[Role(given.get("role", Role.WATCH))].value


@act(
    "lead",
    area=_area_of_role,
    tier=Tier.ROUTINE,
    says="asked {who} to be {as_what}",
    title="Assign a seat",
    moves=False,
)
def assign(
    on: Subject,
    by: Person,
    *,
    role: Literal["watch", "caretaker"],
    person: Somebody,
    until: Until = None,
) -> Outcome:
    """Ask somebody to stand a watch, or to be a caretaker. It holds once they accept."""
    who = named(person, field="person")
    term = moment_after(until, field="until")
    seat = sit(on, who, Role(role), provisional=True, given_by=by, term_ends=term)
    return {**made(seat), "who": str(who), "as_what": str(seat)}


@act(
    "take",
    tier=Tier.ROUTINE,
    duties="MA-L2-1 MO-L2-1",
    own=lambda seat, person: seat.role == Role.ACCOUNTABLE and seat.holder_id == person.pk,
    says="accepted: {as_what}",
    title="Accept the seat",
)
def accept_seat(seat: Seat, by: Person) -> Outcome:
    """Take on the seat that you were asked to take."""
    if seat.until is not None:
        raise CannotBeDone("This seat has ended.")
    if not seat.provisional or seat.under_instruction:
        raise CannotBeDone("This seat waits for no word of yours.")
    if seat.holder_id != by.pk:
        raise CannotBeDone(f"{seat.holder} was asked.", hint="They accept it themselves.")
    now = clock.now()
    if seat.role == Role.ACCOUNTABLE:
        displace(seat, now)  # whoever appoints decides that; other seats are handed over
    else:
        must_be_free(seat.matter, Role(seat.role), seat.area)
    seat.provisional, seat.since = False, now
    seat.save(update_fields=["provisional", "since"])
    return {"as_what": str(seat), "url": seat.get_absolute_url()}


def _holds(seat: Seat, person: Person) -> bool:
    return seat.holder_id == person.pk


@act(
    "own",
    own=_holds,
    duties="MO-L2-1",
    says="hands over to {who}: {on}",
    title="Hand over",
)
def hand_over(
    seat: Seat,
    by: Person,
    *,
    to: Annotated[Somebody, Field(label="To")],
    said: Annotated[
        str,
        Field(label="What they must know", long=True, help="What is odd, open, or to be tried."),
    ],
) -> Outcome:
    """Pass the seat on, in writing. It stays yours until the other one accepts."""
    must_be_held(seat)
    if seat.role == Role.ACCOUNTABLE or seat.under_instruction:
        raise CannotBeDone("This seat is not handed over.", hint="It ends, or is given anew.")
    if len(said.split()) < 3:
        raise CannotBeDone(
            "Write down what they must know.", field="said",
            hint="All quiet? Say so, and since when.",
        )  # fmt: skip
    following = named(to, field="to")
    if following.pk == by.pk:
        raise CannotBeDone("You hand it over to somebody else.", field="to")
    if accept_handover.may(following, seat).mode is Mode.NOT_YET:
        raise CannotBeDone(f"{following} may not take this seat yet.", field="to")
    seat.handed_to, seat.handed_at, seat.handover = following, clock.now(), said.strip()
    seat.save(update_fields=["handed_to", "handed_at", "handover"])
    return {"who": str(following), "refs": [following.ref]}


@act(
    "take",
    tier=Tier.ROUTINE,
    duties="MA-L2-1 MO-L2-1",
    shows="MO-L2-1",
    says="took over from {who}: {on}",
    title="Accept the hand-over",
)
def accept_handover(seat: Seat, by: Person) -> Outcome:
    """Read what you must know, then take the seat over."""
    must_be_held(seat)
    if seat.handed_to_id is None:
        raise CannotBeDone(f"{seat.holder} has not handed it over.", hint="Ask them to.")
    if seat.handed_to_id != by.pk:
        raise CannotBeDone(f"It was handed over to {seat.handed_to}.")
    now = clock.now()
    end(seat, now)
    Seat.objects.filter(
        about=seat.about, role=seat.role, area=seat.area, holder=by, until=None
    ).update(until=now)  # what they held beside it: under instruction, or not accepted yet
    following = sit(
        seat.matter, by, Role(seat.role), deputy=seat.deputy, follows=seat,
        term_ends=None if seat.overdue(now) else seat.term_ends,
    )  # fmt: skip
    shows = [Show("MO-L2-1", seat.holder, on=seat, witness=by)] if seat.stood(now) else []
    return {**made(following), "who": str(seat.holder), "shows": shows}


@act("lead", own=_holds, tier=Tier.ROUTINE, says="ended: {on}", title="End it")
def end_seat(
    seat: Seat, by: Person, *, why: Annotated[str, Field(label="Why, in a sentence")]
) -> Outcome:
    """Give the seat up, or end one that nobody fills. Nobody holds it afterwards."""
    if seat.until is not None:
        raise CannotBeDone("This seat has ended already.")
    if not why.strip():
        raise CannotBeDone("Say why.", field="why")
    if seat.role == Role.ACCOUNTABLE and not _holds(seat, by):
        may = appoint.may(by, House.get(), {"area": seat.area})
        if may.mode is not Mode.ALONE:
            raise CannotBeDone("Whoever may appoint ends it.", hint="The owner, or an L4.")
    end(seat, clock.now())
    return {}


@act(
    "review",
    shows="MA-L2-1",
    says="looked back with {who} on {on}: {line}",
    title="Look back",
    moves=False,
)
def look_back_on_caretaker(
    seat: Seat,
    by: Person,
    *,
    line: Annotated[str, Field(label="In a sentence", help="What was seen through, and how?")],
) -> Outcome:
    """A lead of the component looks back on what its caretaker saw through to the end."""
    component = seat.matter
    if seat.role != Role.CARETAKER or not isinstance(component, Component):
        raise CannotBeDone("Only a caretaker's seat is looked back on.", field="on")
    if seat.provisional:
        raise CannotBeDone(f"{seat.holder} has not accepted it yet.")
    if seat.holder_id == by.pk:
        raise CannotBeDone("Somebody else looks back on it.", hint="Another lead does.")
    if why_not := why_not_lead(by, component):
        raise CannotBeDone(why_not)
    if not 0 < len(line.strip()) <= 500:
        raise CannotBeDone("Say it in 1 to 500 characters.", field="line")
    now = clock.now()
    since = seat.looked_back_at or seat.since
    done = seen_through(component, seat.holder, since, seat.until or now)
    if not done:
        raise CannotBeDone(
            f"{seat.holder} has ended no work on {component} since then.",
            hint="A change that they verified, while they hold the seat.",
        )
    seat.looked_back_by, seat.looked_back_at, seat.looked_back = by, now, line.strip()
    seat.save(update_fields=["looked_back_by", "looked_back_at", "looked_back"])
    return {
        "who": str(seat.holder), "work": [work.ref for work in done],
        "shows": [Show("MA-L2-1", seat.holder, on=component, witness=by)],
    }  # fmt: skip

"""The rules every seat obeys: one holder at a time, nobody twice, in the right place."""

from datetime import datetime
from typing import Any

from watchbill.acts.given import CannotBeDone
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.people.models import House, Person, Team
from watchbill.people.subject import Subject
from watchbill.seats.models import Seat
from watchbill.web.live import publish

EVERYBODY = "seats"  # the topic that lists of seats follow
AREAS = {Seat.Role.WATCH: Area.MONITORING, Seat.Role.CARETAKER: Area.MAINTENANCE}


def sit(on: Subject, person: Person, role: Seat.Role, **given: Any) -> Seat:
    """Make a seat about `on`. Raises CannotBeDone where it makes no sense or is held."""
    if role is Seat.Role.WATCH and not isinstance(on, Component | House | Team):
        raise CannotBeDone("A watch is over a team, a component or the house.", field="on")
    if role is Seat.Role.CARETAKER and not isinstance(on, Component):
        raise CannotBeDone("A caretaker looks after a component.", field="on")
    area = given.pop("area", None) or AREAS[role].value
    there = Seat.objects.filter(about=on.ref, role=role, area=area, until=None)
    if mine := there.filter(holder=person).first():
        waits = " It waits to be accepted." if mine.provisional else ""
        raise CannotBeDone(f"{person} holds that seat already.{waits}")
    if not given.get("under_instruction") and role is not Seat.Role.ACCOUNTABLE:
        must_be_free(on, role, area)
    publish(EVERYBODY)
    return Seat.objects.create(about=on.ref, role=role, area=area, holder=person, **given)


def end(seat: Seat, now: datetime) -> None:
    """Let it end. What was to be accepted of it is void."""
    seat.until = now
    seat.save(update_fields=["until"])
    publish(EVERYBODY)


def displace(seat: Seat, now: datetime) -> None:
    """End whoever held what `seat` is about, so that it can be taken on."""
    before = Seat.objects.filter(
        about=seat.about, role=seat.role, area=seat.area, until=None,
        provisional=False, under_instruction=False,
    ).exclude(pk=seat.pk)  # fmt: skip
    before.update(until=now)


def must_be_free(on: Subject, role: Seat.Role, area: str) -> None:
    """Raises CannotBeDone while somebody holds it."""
    held = Seat.objects.filter(
        about=on.ref, role=role, area=area, until=None, provisional=False, under_instruction=False
    )
    if seat := held.select_related("holder").first():
        raise CannotBeDone(
            f"{seat.holder} holds that seat.", hint=f"{seat.holder} hands it over, or ends it."
        )


def must_be_held(seat: Seat) -> None:
    """Raises CannotBeDone once it ended, and while it waits to be accepted."""
    if seat.until is not None:
        raise CannotBeDone("This seat has ended.", hint="Take it anew.")
    if seat.provisional:
        raise CannotBeDone(f"{seat.holder} has not accepted it yet.")


def moment_after(moment: datetime | None, *, field: str) -> datetime | None:
    """`moment`, which lies ahead. Raises CannotBeDone naming `field`."""
    if moment is not None and moment <= clock.now():
        raise CannotBeDone("That moment is over.", field=field)
    return moment


def made(seat: Seat) -> dict[str, Any]:
    """What an act that made a seat gives back."""
    return {"ref": seat.ref, "url": seat.get_absolute_url()}

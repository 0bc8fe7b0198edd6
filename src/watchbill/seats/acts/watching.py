"""Standing a watch: alone, or under instruction; and the log that is kept."""

from datetime import datetime
from typing import Annotated

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject
from watchbill.seats.models import LogEntry, Seat
from watchbill.seats.sit import made, moment_after, must_be_held, sit

Until = Annotated[datetime | None, Field(label="Until", help="When you expect to hand over.")]


@act(
    "take",
    area=Area.MONITORING,
    tier=Tier.ROUTINE,
    duties="MO-L2-1",
    says="took the watch over {on}",
    title="Take the watch",
    moves=False,
)
def take_watch(on: Subject, by: Person, *, until: Until = None) -> Outcome:
    """Follow the main measurements, keep the log, and hand over in writing."""
    return made(sit(on, by, Seat.Role.WATCH, term_ends=moment_after(until, field="until")))


@act(
    "observe",
    area=Area.MONITORING,
    tier=Tier.ROUTINE,
    says="joined the watch over {on}, under instruction",
    title="Join under instruction",
)
def join_watch(on: Subject, by: Person) -> Outcome:
    """Stand the watch beside a guide, to learn it. It is provisional until one accepts you."""
    return made(sit(on, by, Seat.Role.WATCH, under_instruction=True, provisional=True))


@act(
    "guide",
    tier=Tier.ROUTINE,
    duties="MO-L3-5",
    says="stands the watch with {who}",
    title="Be the guide",
    moves=False,
)
def stand_by(seat: Seat, by: Person) -> Outcome:
    """Stand by somebody who learns to stand a watch."""
    if seat.until is not None or not seat.under_instruction or seat.guide_id is not None:
        raise CannotBeDone("Nobody waits for a guide here.")
    if seat.holder_id == by.pk:
        raise CannotBeDone("Nobody guides themselves.")
    seat.guide, seat.provisional, seat.since = by, False, clock.now()
    seat.save(update_fields=["guide", "provisional", "since"])
    return {"who": str(seat.holder)}


@act("note", duties="MO-L2-1", says="logged: {text}", title="Write to the log")
def log(
    seat: Seat,
    by: Person,
    *,
    text: Annotated[str, Field(label="What do you see?", help="Quiet is worth a line too.")],
    query: Annotated[
        str, Field(label="Keep the value of", help="PromQL; read for you, at this moment.")
    ] = "",
) -> Outcome:
    """Add a line to the watch log. The values of a query are kept with it."""
    must_be_held(seat)
    if not seat.is_watch:
        raise CannotBeDone("Only a watch has a log.", field="on")
    if not 0 < len(text.strip()) <= 1000:
        raise CannotBeDone("Say it in 1 to 1000 characters.", field="text")
    if len(query.strip()) > 1000:
        raise CannotBeDone("A query has at most 1000 characters.", field="query")
    now = clock.now()
    made_now = LogEntry.objects.create(
        seat=seat, by=by, at=now, text=text.strip(), query=query.strip(),
        capture_after=now if query.strip() else None,
    )  # fmt: skip
    return {"entry": made_now.pk}

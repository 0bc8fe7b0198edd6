"""What of the ladder can be done today in standing seats."""

from django.db.models import Q

from watchbill.people.models import Person
from watchbill.seats.models import Seat

Role = Seat.Role


def watch(person: Person) -> tuple[str, str] | None:
    """The watch that is handed over to the person, else the one they stand."""
    stood = Seat.objects.filter(role=Role.WATCH, until=None)
    mine = stood.filter(Q(handed_to=person) | Q(holder=person))
    seats = sorted(mine[:20], key=lambda seat: (seat.handed_to_id != person.pk, seat.pk))
    if not seats:
        return None
    handed = seats[0].handed_to_id == person.pk
    words = "accept the watch that is handed over to you" if handed else "write to your watch's log"
    return seats[0].get_absolute_url(), words


def care(person: Person) -> tuple[str, str] | None:
    """The seat of what the person is caretaker of, or was asked to be."""
    mine = Seat.objects.filter(holder=person, role=Role.CARETAKER, until=None)
    seat = mine.order_by("-provisional", "pk").first()
    if seat is None:
        return None
    words = "accept the caretaker's seat" if seat.provisional else "go on as caretaker"
    return seat.get_absolute_url(), words


DO_NOW = {"MO-L2-1": watch, "MA-L2-1": care}

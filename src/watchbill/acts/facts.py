"""What authority rests on, gathered. Seats, grants and currency come from registered providers,

so that this package never imports the areas above it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from watchbill.acts.authority import NEED, Dial, Need
from watchbill.acts.models import Need as OwnNeed
from watchbill.people.models import House, Person

# ref of a subject -> the verbs that the person's seat on it carries
Seats = Mapping[str, frozenset[str]]
SeatProvider = Callable[[Person], Seats]

_seat_providers: list[SeatProvider] = []


@dataclass(frozen=True)
class Facts:
    """What is known about one person now. Remembered for the length of a request."""

    levels: Mapping[str, int]
    dials: Mapping[str, Dial]
    need: Mapping[str, Need]
    seats: Seats


def provides_seats(provider: SeatProvider) -> SeatProvider:
    """Register a function that tells which seats a person holds and what they carry."""
    _seat_providers.append(provider)
    return provider


def facts_of(person: Person, *, like: Facts | None = None) -> Facts:
    """The facts about `person`, read once and kept on the object until `person.forget()`.

    Dials and table hold for everybody: they are taken from `like` where somebody's are known.
    """
    remembered: Facts | None = person.__dict__.get("facts")
    if remembered is None:
        dials, need = (like.dials, like.need) if like else (_dials(), need_table())
        remembered = Facts(person.levels, dials, need, _seats(person))
        person.__dict__["facts"] = remembered
    return remembered


def need_table() -> dict[str, Need]:
    """The authority table in force: the defaults with the team's own numbers laid over them."""
    table = dict(NEED)
    for own in OwnNeed.objects.order_by("id"):
        levels = list(table[own.verb])
        levels[own.tier] = own.level
        table[own.verb] = (levels[0], levels[1], levels[2])
    return table


def _dials() -> dict[str, Dial]:
    return {area: Dial(dial) for area, dial in House.get().dials.items()}


def _seats(person: Person) -> Seats:
    held: dict[str, frozenset[str]] = {}
    for provider in _seat_providers:
        for ref, verbs in provider(person).items():
            held[ref] = held.get(ref, frozenset()) | verbs
    return held

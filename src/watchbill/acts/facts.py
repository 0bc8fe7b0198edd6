"""What authority rests on, gathered. Seats, grants and currency come from registered providers,

so that this package never imports the areas above it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from watchbill.acts.authority import NEED, Dial, Need
from watchbill.acts.models import Need as OwnNeed
from watchbill.people.models import House, Person

# ref of a subject -> the verbs that the person's seat on it carries
Seats = Mapping[str, frozenset[str]]
SeatProvider = Callable[[Person], Seats]

_seat_providers: list[tuple[frozenset[str], SeatProvider]] = []


@dataclass(frozen=True)
class Facts:
    """What is known about one person now. Remembered for the length of a request."""

    person: Person
    levels: Mapping[str, int]
    dials: Mapping[str, Dial]
    need: Mapping[str, Need]
    held: dict[SeatProvider, Seats] = field(default_factory=dict)  # as far as anybody asked

    def seat(self, verb: str, ref: str) -> bool:
        """Whether a seat of this person on `ref` carries `verb`. Asks only who may know."""
        for verbs, provider in _seat_providers:
            if verb in verbs:
                if provider not in self.held:
                    self.held[provider] = provider(self.person)
                if verb in self.held[provider].get(ref, ()):
                    return True
        return False


def provides_seats(*verbs: str) -> Callable[[SeatProvider], SeatProvider]:
    """Register a function that tells which seats a person holds, and which of `verbs` they carry.

    It is asked for acts of these verbs only, so that most decisions need no query for seats.
    """

    def register(provider: SeatProvider) -> SeatProvider:
        _seat_providers.append((frozenset(verbs), provider))
        return provider

    return register


def facts_of(person: Person, *, like: Facts | None = None) -> Facts:
    """The facts about `person`, read once and kept on the object until `person.forget()`.

    Dials and table hold for everybody: they are taken from `like` where somebody's are known.
    """
    remembered: Facts | None = person.__dict__.get("facts")
    if remembered is None:
        dials, need = (like.dials, like.need) if like else (_dials(), need_table())
        remembered = Facts(person, person.levels, dials, need)
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

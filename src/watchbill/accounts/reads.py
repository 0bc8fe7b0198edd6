"""What the pages about people show."""

from dataclasses import dataclass

from django.db.models import QuerySet

from watchbill.acts import timeline
from watchbill.acts.authority import FREE, STRICT, TWO_PERSONS
from watchbill.acts.facts import need_table
from watchbill.acts.registry import KINDS
from watchbill.lib.levels import LEVEL_TITLES, Area
from watchbill.people.models import House, Person, Standing, Team


@dataclass(frozen=True)
class Place:
    """Where somebody stands in one area."""

    area: Area
    level: int
    standing: Standing | None = None  # who placed them there, and why

    @property
    def short(self) -> str:
        """ "L1", as it stands in a tag."""
        return f"L{self.level}"

    @property
    def title(self) -> str:
        """ "Junior developer" in short: "Junior"."""
        return LEVEL_TITLES[self.level]


def placed(person: Person) -> list[Place]:
    """The place in each area, with who decided it and why, in one query."""
    last = {one.area: one for one in person.standings.select_related("placed_by").order_by("id")}
    return [Place(area, last[area].level if area in last else 1, last.get(area)) for area in Area]


def everybody() -> list[tuple[Person, list[Place]]]:
    """All humans with their places, in two queries."""
    people = list(Person.objects.humans().order_by("name"))
    levels: dict[int, dict[str, int]] = {person.pk: {} for person in people}
    for standing in Standing.objects.filter(person__in=people).order_by("id"):
        levels[standing.person_id][standing.area] = standing.level
    return [
        (person, [Place(area, levels[person.pk].get(area, 1)) for area in Area])
        for person in people
    ]


def example_team(only: Person | None = None) -> list[tuple[Person, list[Place]]]:
    """The example people with their places, juniors first; or one of them."""
    team = [(person, at) for person, at in everybody() if person.example]
    team = [pair for pair in team if only in (None, pair[0])]
    return sorted(team, key=lambda pair: sum(place.level for place in pair[1]))


def teams() -> QuerySet[Team]:
    """All teams with their members."""
    return Team.objects.prefetch_related("members", "components").order_by("name")


def recent(person: Person, most: int = 50) -> list[object]:
    """The last things `person` did or guided."""
    return list(timeline.by_person(person)[:most])


def dials() -> list[tuple[Area, str]]:
    """Each area with its dial."""
    house = House.get()
    return [(area, house.dial(area).value) for area in Area]


def table() -> list[dict[str, object]]:
    """The authority table as in force, verb by verb."""
    return [
        {
            "verb": verb,
            "levels": levels,
            "free": verb in FREE,
            "strict": verb in STRICT,
            "two": verb in TWO_PERSONS,
        }
        for verb, levels in need_table().items()
    ]


def acts() -> list[object]:
    """Every registered act, by name."""
    return [KINDS[name] for name in sorted(KINDS)]

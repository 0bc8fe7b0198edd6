"""The team on the ladder: who holds which cell, where nobody does, what waits for a signature."""

from dataclasses import dataclass, field

from django.db.models import QuerySet

from watchbill.ladder import evidence, judged
from watchbill.ladder.adopt import in_force
from watchbill.ladder.mapping import Where, kept
from watchbill.ladder.models import Ladder
from watchbill.ladder.reads import Line, item_of, line_of, title_of
from watchbill.lib import clock
from watchbill.people.models import Person


@dataclass(frozen=True)
class Held:
    """One cell with whom it is held by, in the order of their names."""

    where: Where
    level: int
    title: str
    duties: int
    people: list[Person] = field(default_factory=list)


@dataclass(frozen=True)
class Team:
    """The whole team, without any comparison of people."""

    ladder: Ladder
    rows: list[tuple[Where, list[Held]]]
    ready: list[tuple[Person, list[Line]]]

    @property
    def nobody(self) -> list[Held]:
        """The cells that nobody holds."""
        return [cell for _, cells in self.rows for cell in cells if cell.duties and not cell.people]


def people() -> QuerySet[Person]:
    """Everybody, by name."""
    return Person.objects.humans().prefetch_related("standings").order_by("name", "username")


def team() -> Team:
    """Who holds what, and whose lines are ready to sign, in as many queries however many people."""
    ladder, everybody = in_force(), list(people())
    duties = list(ladder.duties.order_by("id"))
    areas = kept(ladder.areas)
    levels = sorted({duty.level for duty in duties})
    rows = [
        (
            where,
            [
                Held(
                    where, level, title_of(ladder, level),
                    sum(d.area == where.slug and d.level == level for d in duties),
                    _holders(everybody, where, level),
                )
                for level in levels
            ],
        )
        for where in areas
    ]  # fmt: skip
    by_slug = {where.slug: where for where in areas}
    shown, said, now = evidence.shown_by(everybody), judged.lines(everybody), clock.now()
    ready = []
    for person in everybody:
        of_person = shown.get(person.pk, {})
        lines = [
            line_of(
                duty, by_slug[duty.area], None,
                tuple(map(item_of, of_person.get(duty.default_key, ()))), said[person.pk], now,
            )
            for duty in duties
            if duty.default_key in of_person
        ]  # fmt: skip
        if waiting := [line for line in lines if line.state in ("ready", "half")]:
            ready.append((person, waiting))
    return Team(ladder, rows, ready)


def _holders(everybody: list[Person], where: Where, level: int) -> list[Person]:
    ours = where.ours
    if ours is None or level not in where.levels:
        return []
    return [person for person in everybody if person.level(ours) == where.level(level)]

"""The matrix: three areas by four levels, each duty with what a person did of it."""

from dataclasses import dataclass

from watchbill.acts.registry import KINDS
from watchbill.ladder import evidence
from watchbill.ladder.adopt import in_force
from watchbill.ladder.models import Duty, Ladder
from watchbill.ladder.places import page_of
from watchbill.lib.levels import LEVEL_TITLES, LEVELS, Area, place_words
from watchbill.people.models import Person


@dataclass(frozen=True)
class Line:
    """One duty for one person."""

    duty: Duty
    practice: evidence.Practice | None
    acts: list[str]

    @property
    def state(self) -> str:
        """`begun` when the ledger shows some of it, `open` when not, `missing` without an act."""
        if self.practice:
            return "begun"
        return "open" if self.acts else "missing"

    @property
    def url(self) -> str:
        """The page where it is practised; "" when nothing here is evidence for it."""
        return page_of(self.acts)

    @property
    def ways(self) -> list[str]:
        """The acts in words: "Join under instruction"."""
        return [KINDS[name].title if name in KINDS else name.capitalize() for name in self.acts]


@dataclass(frozen=True)
class Cell:
    """One area at one level."""

    area: Area
    level: int
    title: str
    lines: list[Line]
    mine: bool

    @property
    def begun(self) -> int:
        """Duties of the cell that the ledger shows something of."""
        return sum(line.state == "begun" for line in self.lines)


@dataclass(frozen=True)
class Matrix:
    """The ladder in force as one person stands on it."""

    ladder: Ladder
    rows: list[tuple[Area, list[Cell]]]

    @property
    def mine(self) -> list[Cell]:
        """The cell the person stands at in each area."""
        return [cell for _, cells in self.rows for cell in cells if cell.mine]

    @property
    def place(self) -> str:
        """ "Junior developer in all three areas", or each level with its areas."""
        return place_words((cell.level, cell.title, cell.area) for cell in self.mine)

    @property
    def duties(self) -> int:
        """How many duties belong to the person's place."""
        return sum(len(cell.lines) for cell in self.mine)

    @property
    def practised(self) -> int:
        """How many of them the ledger shows something of."""
        return sum(cell.begun for cell in self.mine)

    @property
    def heads(self) -> list[str]:
        """Titles of the levels."""
        return [f"L{level} {LEVEL_TITLES[level]}" for level in LEVELS]


def matrix(person: Person) -> Matrix:
    """Everything about `person` and the ladder, in a handful of queries."""
    ladder, practised = in_force(), evidence.practised(person)
    by_place: dict[tuple[str, int], list[Line]] = {}
    for duty in ladder.duties.order_by("area", "level", "ordinal"):
        key = duty.default_key
        line = Line(duty, practised.get(key), evidence.acts_for(key))
        by_place.setdefault((duty.area, duty.level), []).append(line)
    return Matrix(
        ladder,
        [
            (
                area,
                [
                    Cell(
                        area,
                        level,
                        str(ladder.levels.get(str(level), LEVEL_TITLES[level])),
                        by_place.get((area.value, level), []),
                        person.level(area) == level,
                    )
                    for level in LEVELS
                ],
            )
            for area in Area
        ],
    )


def differences(draft: Ladder) -> dict[str, list[tuple[Duty | None, Duty | None]]]:
    """What adopting `draft` changes, as (before, after) pairs by kind of change."""
    before = {duty.default_key or duty.key: duty for duty in in_force().duties.all()}
    found: dict[str, list[tuple[Duty | None, Duty | None]]] = {
        "same": [], "reworded": [], "new": [], "dropped": [],
    }  # fmt: skip
    for duty in draft.duties.order_by("area", "level", "ordinal"):
        old = before.pop(duty.default_key, None) if duty.default_key else None
        kind = "new" if old is None else "same" if old.text == duty.text else "reworded"
        found[kind].append((old, duty))
    found["dropped"] = [(old, None) for old in before.values()]
    return found

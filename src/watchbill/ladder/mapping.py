"""How the areas, levels and duties of another ladder correspond to ours, read and written as text.

One line each, in any order:

    Platform engineering -> maintenance: 1=1 2=2 3=3 4=4 5=4
    Hiring -> nothing
    PE-L1-1 -> MA-L1-2
    PE-L1-2 -> runbooks.run_step incidents.note
    PE-L1-3 -> nothing
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import slugify

from watchbill.acts.registry import KINDS
from watchbill.ladder.duties import fulfilled
from watchbill.lib.levels import LEVELS, Area

NOTHING = ("nothing", "none")
UNDECIDED = "?"


class MappingError(Exception):
    """A line of a mapping that cannot be used, with what to do."""

    def __init__(self, line: int, what: str, hint: str) -> None:
        super().__init__(f"Line {line}: {what}")
        self.hint = hint


@dataclass(frozen=True)
class Where:
    """An area of a ladder. `area` is ours it corresponds to: "" none, "?" not decided yet."""

    slug: str
    title: str
    area: str
    levels: Mapping[int, int]  # its levels -> ours

    @property
    def decided(self) -> bool:
        """Somebody, or its name, says to which of ours it corresponds."""
        return self.area != UNDECIDED

    @property
    def ours(self) -> Area | None:
        """The area of ours whose placement counts in it."""
        return Area(self.area) if self.area in set(Area) else None

    def level(self, theirs: int) -> int:
        """Our level for one of its own."""
        return self.levels.get(theirs, min(theirs, LEVELS[-1]))

    @property
    def line(self) -> str:
        """As it is written in a mapping."""
        if not self.ours:
            return f"{self.title} -> {'nothing' if self.decided else '…'}"
        pairs = " ".join(f"{a}={b}" for a, b in sorted(self.levels.items()))
        return f"{self.title} -> {self.area}: {pairs}"

    @property
    def row(self) -> dict[str, Any]:
        """As a ladder keeps it."""
        levels = {str(a): b for a, b in self.levels.items()}
        return {"slug": self.slug, "title": self.title, "area": self.area, "levels": levels}


def kept(rows: Iterable[Mapping[str, Any]]) -> list[Where]:
    """Areas as a ladder keeps them."""
    return [
        Where(r["slug"], r["title"], r["area"], {int(a): b for a, b in r["levels"].items()})
        for r in rows
    ]


def proposed(title: str, levels: Iterable[int]) -> Where:
    """An area before anybody maps it: ours where the names agree, else not decided."""
    slug = slugify(title)
    area = slug if slug in set(Area) else UNDECIDED
    return Where(slug, title, area, {level: min(level, LEVELS[-1]) for level in sorted(levels)})


@dataclass(frozen=True)
class Read:
    """What a text says: areas by slug, duties by key as (shipped duty, acts)."""

    areas: dict[str, Where]
    duties: dict[str, tuple[str, list[str]]]


def read(text: str, areas: Iterable[Where], keys: set[str]) -> Read:
    """The mapping in `text` for a ladder with these areas and duties. Raises MappingError."""
    known = {word: where for where in areas for word in (where.slug, where.title.lower())}
    found = Read({}, {})
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        left, arrow, right = (part.strip() for part in line.partition("->"))
        if not arrow or not right:
            raise MappingError(number, f"{line.strip()!r} says no mapping.", "Write: this -> that")
        if left in keys:
            found.duties[left] = _duty(number, right)
        elif left.lower() in known:
            where = known[left.lower()]
            found.areas[where.slug] = _area(number, where, right)
        else:
            raise MappingError(
                number, f"{left!r} is neither an area nor a duty of this ladder.",
                "Name an area by its title, a duty by its id.",
            )  # fmt: skip
    return found


def _area(number: int, where: Where, right: str) -> Where:
    name, _, pairs = (part.strip() for part in right.partition(":"))
    if name.lower() in NOTHING:
        return Where(where.slug, where.title, "", where.levels)
    area = slugify(name)
    if area not in set(Area):
        raise MappingError(
            number, f"there is no area {name!r}.", f"Name {', '.join(Area)}, or nothing."
        )
    levels = dict(where.levels)
    for pair in pairs.replace(",", " ").split():
        theirs, _, ours = pair.partition("=")
        if not (theirs.isdecimal() and ours.isdecimal()):
            raise MappingError(number, f"{pair!r} is no pair of levels.", "Write 5=4.")
        if int(theirs) not in levels or int(ours) not in LEVELS:
            raise MappingError(
                number, f"{pair!r} names a level that is not there.",
                f"Map {', '.join(map(str, levels))} to 1 to {LEVELS[-1]}.",
            )  # fmt: skip
        levels[int(theirs)] = int(ours)
    ordered = [levels[one] for one in sorted(levels)]
    if ordered != sorted(ordered):
        raise MappingError(number, "a higher level is mapped below a lower one.", "Keep the order.")
    return Where(where.slug, where.title, area, levels)


def _duty(number: int, right: str) -> tuple[str, list[str]]:
    names = right.replace(",", " ").split()
    if [name.lower() for name in names] in [[word] for word in NOTHING]:
        return "", []
    if len(names) == 1 and names[0] in fulfilled():
        return names[0], []
    for name in names:
        if name not in KINDS:
            raise MappingError(
                number, f"there is no act {name!r}.",
                "`watchbill acts` lists them. Or name one shipped duty such as MA-L1-2, "
                "or nothing.",
            )  # fmt: skip
    return "", names

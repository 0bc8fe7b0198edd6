"""Whether a line is ready to sign, and in words what is still missing. Pure: items in, words out.

Only a proposal comes of it: signing is human, and a signer may sign with less and say why.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WANTED = {1: 2, 2: 3, 3: 3, 4: 1}  # level of the line -> items
WITNESSES = {4: 1}  # at the other levels 2; different objects likewise
NEWEST = timedelta(days=365)
NUMBERS = {1: "one", 2: "two", 3: "three"}


@dataclass(frozen=True)
class Item:
    """Something shown of a line: on what, when, and who saw it, standing where."""

    on: str
    at: datetime
    witness: str = ""  # their user name; "" where nobody saw it
    witness_level: int = 0
    drill: bool = False
    entry: int = 0  # in the ledger
    witness_name: str = ""
    says: str = ""


@dataclass(frozen=True)
class Readiness:
    """What counts, and what is missing in words; ready when nothing is."""

    counted: tuple[Item, ...]
    missing: tuple[str, ...]
    witnesses: frozenset[str] = frozenset()  # whose word counts, by user name

    @property
    def ready(self) -> bool:
        """It can be proposed for a signature."""
        return not self.missing


def readiness(items: Sequence[Item], level: int, witness_from: int, now: datetime) -> Readiness:
    """How far a line of `level` is shown by `items`.

    A witness counts from `witness_from` on. Of several items on one object one counts. Below L4 one
    witness is behind at most half of what counts, and drills are at most half of it everywhere.
    """
    wanted, least = WANTED[level], WITNESSES.get(level, 2)
    newest_first = sorted(items, key=lambda item: item.at, reverse=True)
    seen = [item for item in newest_first if item.witness and item.witness_level >= witness_from]
    apart: dict[str, Item] = {}
    for item in sorted(seen, key=lambda item: item.drill):  # real work before a drill on it
        apart.setdefault(item.on, item)
    counted = _balanced(list(apart.values()), alone=level == 4)
    missing = _missing(list(apart.values()), len(counted), wanted, least, seen)
    if len(newest_first) > len(seen) and len(apart) < wanted:
        missing.append(f"a witness counts from L{witness_from}" if witness_from > 1 else
                       "work that nobody saw does not count")  # fmt: skip
    if counted and now - max(item.at for item in counted) > NEWEST:
        missing.append("a recent one: the newest is older than twelve months")
    witnesses = frozenset(item.witness for item in seen)
    return Readiness(tuple(counted), tuple(missing), witnesses)


def _balanced(items: list[Item], *, alone: bool) -> list[Item]:
    """The most of `items` of which no witness and no drills make more than half."""
    ordered = sorted(items, key=lambda item: (item.drill, -item.at.timestamp()))
    for size in range(len(items), 0, -1):
        half, by, drills, taken = size // 2, Counter[str](), 0, list[Item]()
        for item in ordered:
            if not alone and by[item.witness] >= half:
                continue
            if item.drill and drills >= half:
                continue
            by[item.witness] += 1
            drills += item.drill
            taken.append(item)
        if len(taken) >= size:
            return taken[:size]
    return []


def _missing(
    apart: list[Item], counted: int, wanted: int, least: int, seen: list[Item]
) -> list[str]:
    if len(apart) < wanted:
        lacks = wanted - len(apart)
        words = f"{NUMBERS[lacks]} more {'item' if lacks == 1 else 'items'}"
        if len(seen) > len(apart):
            return [f"{words}, on {'another object' if lacks == 1 else 'other objects'}"]
        return [words if apart else f"{words}, with a witness"]
    if counted >= wanted:
        return []
    if len({item.witness for item in apart}) < least:
        return ["one more witness"]
    if sum(not item.drill for item in apart) < wanted - wanted // 2:
        return ["one more that is no drill"]
    most = Counter(item.witness_name or item.witness for item in apart).most_common(1)[0][0]
    return [f"one more that somebody other than {most} saw"]

"""What changes at the next level, computed from the authority table in force. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from watchbill.acts.authority import FREE, STRICT, Need
from watchbill.acts.registry import Kind
from watchbill.lib.levels import Area, Tier


@dataclass(frozen=True)
class Becomes:
    """An act and the tiers at which it changes: "Take a seat", "routine and moderate"."""

    title: str
    doc: str
    tiers: tuple[Tier, ...]

    @property
    def where(self) -> str:
        """The tiers in words; nothing where it is all of them."""
        if len(self.tiers) == len(Tier):
            return ""
        return " and ".join(tier.word for tier in self.tiers)


@dataclass(frozen=True)
class Next:
    """What a person does alone, and what with a go-ahead, from the next level on."""

    level: int
    alone: list[Becomes]
    guided: list[Becomes]


def next_level(
    kinds: Iterable[Kind[Any, ...]], area: Area, level: int, table: Mapping[str, Need]
) -> Next:
    """What changes in `area` for somebody who stands at `level` and is placed one higher."""
    above, alone, guided = level + 1, list[Becomes](), list[Becomes]()
    for kind in sorted(kinds, key=lambda kind: kind.title):
        if kind.verb in FREE or kind.verb not in table or not _in(kind, area):
            continue
        tiers = [kind.tier_of] if isinstance(kind.tier_of, Tier) else list(Tier)
        needs = table[kind.verb]
        if now := tuple(tier for tier in tiers if needs[tier] == above):
            alone.append(Becomes(kind.title, kind.doc, now))
        strict = kind.strict or kind.verb in STRICT
        if not strict and (now := tuple(tier for tier in tiers if needs[tier] == above + 1)):
            guided.append(Becomes(kind.title, kind.doc, now))
    return Next(above, alone, guided)


def _in(kind: Kind[Any, ...], area: Area) -> bool:
    """It is done in the area: declared so, by its subject, or by the duties it belongs to."""
    if isinstance(kind.area_of, Area):
        return kind.area_of is area
    of_subject = getattr(kind.subject, "area", None)
    if isinstance(of_subject, Area):
        return of_subject is area
    return any(duty.startswith(area.prefix) for duty in (*kind.duties, *kind.shows))

"""How each duty of the shipped ladder is fulfilled here: `duties.toml`, read and checked."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from watchbill.lib.levels import Area, Tier

TIERS = {"r": Tier.ROUTINE, "m": Tier.MODERATE, "c": Tier.CRITICAL}


@dataclass(frozen=True)
class Way:
    """What is done: a verb at a tier, and how people at two levels stand to it."""

    verb: str
    tier: Tier
    alone: str  # at the duty's level: "A" alone, "G" with a go-ahead
    below: str  # one level lower: also "N" not yet, "-" nobody is lower


@dataclass(frozen=True)
class Fulfilled:
    """How one duty is fulfilled; `page` is the name of the address where it begins."""

    key: str
    ways: tuple[Way, ...]
    page: str
    does: str
    evidence: str
    witness: str
    witness_from: int  # from which level a witness counts

    @property
    def area(self) -> Area:
        """The area that its key begins with."""
        return next(area for area in Area if area.prefix == self.key[:2])

    @property
    def level(self) -> int:
        """The level in its key."""
        return int(self.key[4])


@cache
def fulfilled() -> dict[str, Fulfilled]:
    """Key of a duty of the shipped ladder -> how it is fulfilled."""
    with (Path(__file__).parent / "duties.toml").open("rb") as file:
        read = tomllib.load(file)
    return {key: _one(key, row) for key, row in read.items()}


def _one(key: str, row: dict[str, Any]) -> Fulfilled:
    columns = (row["acts"].split(), row["alone"].split("/"), row["below"].split("/"))
    ways = tuple(
        Way(act.partition(":")[0], TIERS[act.partition(":")[2]], alone, below)
        for act, alone, below in zip(*columns, strict=True)
    )
    return Fulfilled(
        key, ways, row["page"], row["does"], row["evidence"], row["witness"],
        row.get("witness_from", int(key[4])),
    )  # fmt: skip

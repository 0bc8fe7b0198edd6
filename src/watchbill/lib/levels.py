"""The few words that everything is measured in: areas, levels, tiers. Pure."""

from collections.abc import Iterable, Sequence
from enum import IntEnum, StrEnum
from itertools import groupby


class Area(StrEnum):
    """The three areas of technical operations. A person stands at one level in each."""

    INCIDENT_RESPONSE = "incident-response"
    MONITORING = "monitoring"
    MAINTENANCE = "maintenance"

    @property
    def title(self) -> str:  # type: ignore[override]  # a word of ours, where str has a method
        """As people read it: "Incident response"."""
        return self.value.replace("-", " ").capitalize()

    @property
    def prefix(self) -> str:
        """As duties are numbered: IR, MO, MA."""
        return {"incident-response": "IR", "monitoring": "MO", "maintenance": "MA"}[self.value]


class Tier(IntEnum):
    """How much is at stake. Comes from the object of an act, never from the person."""

    ROUTINE = 0
    MODERATE = 1
    CRITICAL = 2

    @property
    def word(self) -> str:
        """As files and people write it: "routine"."""
        return self.name.lower()

    @classmethod
    def read(cls, word: str) -> "Tier":
        """The tier that a file or a request names. Raises ValueError with the words allowed."""
        try:
            return cls[word.strip().upper()]
        except KeyError:
            raise ValueError(f"{word!r} is not a tier: routine, moderate or critical") from None


def place_words(placed: Iterable[tuple[int, str, str]]) -> str:
    """Levels, their titles and areas as one says it: "Junior in monitoring and maintenance"."""
    mine = sorted(placed, key=lambda one: -one[0])
    told = []
    for _, group in groupby(mine, key=lambda one: one[0]):
        same = list(group)
        told.append(f"{same[0][1]} in {listed([area.lower() for _, _, area in same])}")
    return ", ".join(told)


def listed(words: Sequence[str]) -> str:
    """Words as one says them: "one, two and three"."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


LEVEL_TITLES = {1: "Junior", 2: "Associate", 3: "Senior", 4: "Lead"}
LEVELS = tuple(LEVEL_TITLES)

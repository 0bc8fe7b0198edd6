"""When users were harmed, as apps above know it: what a rule on trial should have told."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

HarmOf = Callable[[Sequence[int], datetime, datetime], Iterable["Harm"]]
_providers: list[HarmOf] = []


@dataclass(frozen=True)
class Harm:
    """A declared period, such as an incident, with the numbers of its components."""

    title: str
    url: str
    start: datetime
    end: datetime
    components: frozenset[int]


def provides_harm(provider: HarmOf) -> HarmOf:
    """Register a function: numbers of components and a range -> the periods that touch them."""
    _providers.append(provider)
    return provider


def harm(components: Sequence[int], start: datetime, end: datetime) -> list[Harm]:
    """Every period that touches one of the components within the range, the oldest first."""
    found = (one for provider in _providers for one in provider(components, start, end))
    return sorted(found, key=lambda one: one.start)

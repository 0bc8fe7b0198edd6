"""Signs that something came back: told by apps above, registered here so that nothing imports up.

An app offers in a module that is imported when Django starts (its `panels.py`):

    @tells_signs
    def fired(components: Sequence[int], since: datetime) -> Iterable[Sign]:
        ...
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Sign:
    """Something happened on a component that may be the same problem."""

    what: str
    at: datetime
    url: str


SignsOf = Callable[[Sequence[int], datetime], Iterable[Sign]]
_tellers: list[SignsOf] = []


def tells_signs(function: SignsOf) -> SignsOf:
    """Register what tells the signs on components (by primary key) since a moment."""
    _tellers.append(function)
    return function


def signs(components: Sequence[int], since: datetime) -> list[Sign]:
    """Every sign on them since then, oldest first."""
    found = [sign for teller in _tellers for sign in teller(components, since)]
    return sorted(found, key=lambda sign: sign.at)

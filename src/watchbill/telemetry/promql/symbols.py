"""Strings as small integers, so that NumPy can group and match labels.

0 is the empty string, which means "no such label". A store numbers the strings of its labels once
and for all; a query takes those numbers as they are and adds its own beyond them, which go away
with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]

_OWN = 1 << 30
"""Where the numbers of a query's own strings begin; a store has fewer strings than that."""


class Symbols(dict[str, int]):
    """Numbers for strings, handed out on first sight."""

    def __init__(self, *, own: bool = False) -> None:
        """`own` numbers a query's strings, else those of a store."""
        super().__init__({"": 0})
        self._first = _OWN if own else 1
        self._strings: list[str] = []
        self._base: Symbols | None = None

    def __missing__(self, text: str) -> int:
        """Number a new string."""
        number = None if self._base is None else self._base.get(text)
        if number is None:
            number = self._first + len(self._strings)
            self._strings.append(text)
        self[text] = number
        return number

    def share(self, base: "Symbols") -> bool:
        """Take over the numbers of a store from now on.

        False when that cannot be, because this already numbers a string of the store otherwise.
        """
        if self._base is None:
            self._base = base
        return self._base is base and not any(text in base for text in self._strings)

    def ids(self, texts: Iterable[str]) -> Ids:
        """The numbers of many strings."""
        return np.fromiter(map(self.__getitem__, texts), np.int32)

    def text(self, number: int) -> str:
        """The string of a number."""
        if number == 0:
            return ""
        if number >= self._first:
            return self._strings[number - self._first]
        assert self._base is not None
        return self._base.text(number)

    def texts(self, ids: Ids) -> list[str]:
        """The strings of many numbers."""
        distinct, which = np.unique(ids, return_inverse=True)
        known = [self.text(number) for number in distinct.tolist()]
        return [known[at] for at in which.tolist()]


@dataclass(frozen=True)
class LabelColumns:
    """Label sets as one column of numbers per label name, all of the same length."""

    symbols: Symbols
    columns: dict[str, Ids]

    def take(self, rows: NDArray[Any]) -> "LabelColumns":
        """Some of the label sets, by number or by mask."""
        taken = {name: column[rows] for name, column in self.columns.items()}
        return LabelColumns(self.symbols, taken)

"""The labels of many series as columns of small integers, so that NumPy can group and match them.

Strings are numbered (`symbols`); 0 is the empty string, which means "no such label".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

from .kernels.grouping import split_groups
from .storage import METRIC_NAME, Labels
from .symbols import Ids, LabelColumns, Symbols

Rows = NDArray[np.int64]

METADATA_LABELS = frozenset((METRIC_NAME, "__type__", "__unit__"))
"""What an operation that changes a metric's meaning takes away."""

_MOST_COMBINATIONS = 2**40


@dataclass(frozen=True)
class Groups:
    """Rows put together: `ids[row]` is a row's group, `first[group]` its first row.

    Groups are numbered in order of first appearance.
    """

    ids: Rows
    first: Rows

    def __len__(self) -> int:
        """How many groups."""
        return len(self.first)

    @cached_property
    def order(self) -> Rows:
        """All rows, group by group, in their old order within each."""
        return np.argsort(self.ids, kind="stable").astype(np.int64)

    @cached_property
    def starts(self) -> Rows:
        """Where each group begins in `order`; one more at the end."""
        return np.searchsorted(self.ids[self.order], np.arange(len(self) + 1)).astype(np.int64)

    def rows(self, group: int) -> Rows:
        """The rows of one group."""
        return self.order[self.starts[group] : self.starts[group + 1]]


@dataclass(frozen=True)
class LabelTable:
    """`size` label sets. A column holds symbol numbers, int32 of length `size`."""

    symbols: Symbols
    size: int
    columns: dict[str, Ids] = field(default_factory=dict)

    @staticmethod
    def of(symbols: Symbols, rows: Sequence[Labels]) -> "LabelTable":
        """A table of ready label sets."""
        by_names: dict[tuple[str, ...], list[int]] = {}
        for index, labels in enumerate(rows):
            by_names.setdefault(tuple([name for name, _ in labels]), []).append(index)
        columns: dict[str, Ids] = {}
        for names, indices in by_names.items():
            for position, name in enumerate(names):
                ids = symbols.ids([rows[index][position][1] for index in indices])
                if len(by_names) == 1:
                    columns[name] = ids
                else:
                    columns.setdefault(name, np.zeros(len(rows), np.int32))[indices] = ids
        return LabelTable(symbols, len(rows), columns)

    def take(self, rows: Rows | NDArray[np.bool_]) -> "LabelTable":
        """Some rows, by number or by mask."""
        size = int(np.count_nonzero(rows)) if rows.dtype == np.bool_ else len(rows)
        return self._with({name: ids[rows] for name, ids in self.columns.items()}, size)

    def keep(self, names: Iterable[str]) -> "LabelTable":
        """Only these labels."""
        return self._with({name: self.columns[name] for name in names if name in self.columns})

    def drop(self, names: Iterable[str]) -> "LabelTable":
        """Without these labels."""
        gone = set(names)
        return self._with({name: ids for name, ids in self.columns.items() if name not in gone})

    def column(self, name: str) -> Ids:
        """The values of a label, 0 where it is missing."""
        ids = self.columns.get(name)
        return np.zeros(self.size, np.int32) if ids is None else ids

    def texts(self, name: str) -> list[str]:
        """The values of a label as strings."""
        return self.symbols.texts(self.column(name))

    def distinct(self, name: str) -> list[str]:
        """The different values of a label, in order of first appearance."""
        ids = self.column(name)
        if not len(ids) or (ids == ids[0]).all():
            return [self.symbols.text(int(one)) for one in ids[:1]]
        return list(dict.fromkeys(self.texts(name)))

    def with_column(self, name: str, ids: Ids) -> "LabelTable":
        """With a label set or replaced."""
        return self._with({**self.columns, name: ids})

    def row(self, index: int) -> dict[str, str]:
        """One label set."""
        text = self.symbols.text
        return {
            name: text(int(ids[index])) for name, ids in sorted(self.columns.items()) if ids[index]
        }

    def rows(self) -> list[Labels]:
        """All label sets in canonical form."""
        names = sorted(self.columns)
        if not names:
            return [()] * self.size
        texts = [self.texts(name) for name in names]
        return [
            tuple([pair for pair in zip(names, values, strict=True) if pair[1]])
            for values in zip(*texts, strict=True)
        ]

    def groups(self) -> Groups:
        """Rows with equal labels put together."""
        if split_groups.compiled:
            return self._groups_compiled()
        codes, combinations = np.zeros(self.size, np.int64), 1
        for ids in self.columns.values():
            largest = int(ids.max(initial=0)) + 1
            if combinations * largest > _MOST_COMBINATIONS:
                distinct, codes = np.unique(codes, return_inverse=True)
                combinations = len(distinct)
            codes = codes * largest + ids
            combinations *= largest
        _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
        by_appearance = np.argsort(first, kind="stable")
        rank = np.empty_like(by_appearance)
        rank[by_appearance] = np.arange(len(by_appearance))
        return Groups(rank[inverse].astype(np.int64), first[by_appearance].astype(np.int64))

    def _groups_compiled(self) -> Groups:
        size = 1 << max(2 * self.size, 2).bit_length()
        keys, numbers = np.empty(size, np.int64), np.empty(size, np.int64)
        ids, first = np.zeros(self.size, np.int64), np.zeros(max(self.size, 1), np.int64)
        found = min(self.size, 1)
        for column in self.columns.values():
            found = split_groups(ids, column, keys, numbers, first)
        return Groups(ids, first[:found])

    def order(self) -> Rows:
        """Which row comes first when label sets are sorted, which next, and so on."""
        names = sorted(self.columns)
        if not all(self.columns[name].all() for name in names):
            rows = self.rows()  # where a label is missing, the next one's name counts
            return np.array(sorted(range(self.size), key=rows.__getitem__), np.int64)
        ranks = []
        for name in names:
            distinct, which = np.unique(self.columns[name], return_inverse=True)
            if len(distinct) > 1:
                texts = [self.symbols.text(number) for number in distinct.tolist()]
                rank = np.empty(len(texts), np.int32)
                rank[sorted(range(len(texts)), key=texts.__getitem__)] = np.arange(len(texts))
                ranks.append(rank[which])
        if not ranks:
            return np.arange(self.size)
        return np.lexsort(ranks[::-1]).astype(np.int64)

    def shared(self) -> LabelColumns:
        """The columns as a selection has them."""
        return LabelColumns(self.symbols, self.columns)

    def _with(self, columns: Mapping[str, Ids], size: int | None = None) -> "LabelTable":
        return LabelTable(self.symbols, self.size if size is None else size, dict(columns))


def concatenate(tables: Sequence[LabelTable]) -> LabelTable:
    """One table below the other."""
    names = dict.fromkeys(name for table in tables for name in table.columns)
    return LabelTable(
        tables[0].symbols,
        sum(table.size for table in tables),
        {name: np.concatenate([table.column(name) for table in tables]) for name in names},
    )


def show(labels: Mapping[str, str]) -> str:
    """A label set for messages: `{a="x", b="y"}`."""
    return "{" + ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"


class LabelRows(Sequence[Labels]):
    """The rows of a table as label sets, made when they are first looked at."""

    def __init__(self, table: LabelTable) -> None:
        self._table = table
        self._rows: list[Labels] | None = None

    def _made(self) -> list[Labels]:
        if self._rows is None:
            self._rows = self._table.rows()
        return self._rows

    def __len__(self) -> int:
        return self._table.size

    @overload
    def __getitem__(self, index: int) -> Labels: ...
    @overload
    def __getitem__(self, index: slice) -> list[Labels]: ...
    def __getitem__(self, index: int | slice) -> Labels | list[Labels]:
        return self._made()[index]

    def __iter__(self) -> Iterator[Labels]:
        return iter(self._made())

    def __eq__(self, other: object) -> bool:
        return self._made() == (list(other) if isinstance(other, LabelRows) else other)

    __hash__ = None  # type: ignore[assignment]  # like a list

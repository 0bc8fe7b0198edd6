"""What expressions are worth while a query runs: values of n series at T steps.

A scalar is a float64 array of length T, a string is a `str`, a vector is a `Vector`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .errors import EvalError
from .histogram import Histogram
from .kernels.grouping import count_groups
from .labels import METADATA_LABELS, LabelTable, Rows, concatenate
from .storage import Histograms, Values, are_histograms
from .symbols import Symbols

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Vector:
    """An instant vector at every step.

    `values` and `present` are (n, T); where `present` is false there is no sample and the value
    means nothing (so that a NaN stays an ordinary value). `drop_name` (n) marks series whose
    metric name goes away at the end of the query: until then it can still be grouped by.
    `h` (n, T) holds the native histograms, and None where a sample is a number; it is None as a
    whole where there are no histograms.
    """

    labels: LabelTable
    values: Values
    present: Mask
    drop_name: Mask
    ordered: bool = False
    h: Histograms | None = None

    @staticmethod
    def of(labels: LabelTable, values: Values, present: Mask, *, drop_name: bool) -> "Vector":
        """All series with the same fate of their name."""
        return Vector(labels, values, present, np.full(labels.size, drop_name))

    @staticmethod
    def empty(symbols: Symbols, steps: int) -> "Vector":
        """No series."""
        shape = (0, steps)
        table = LabelTable(symbols, 0)
        return Vector.of(table, np.zeros(shape), np.zeros(shape, np.bool_), drop_name=False)

    @staticmethod
    def unlabelled(symbols: Symbols, values: Values, present: Mask | None = None) -> "Vector":
        """One series without labels; `values` has length T."""
        shown = np.ones(len(values), np.bool_) if present is None else present
        return Vector.of(LabelTable(symbols, 1), values[None, :], shown[None, :], drop_name=False)

    def __len__(self) -> int:
        """How many series."""
        return self.labels.size

    @property
    def steps(self) -> int:
        """How many steps."""
        return int(self.values.shape[1])

    def take(self, rows: Rows | Mask) -> "Vector":
        """Some series, by number or by mask."""
        return Vector(
            self.labels.take(rows),
            self.values[rows],
            self.present[rows],
            self.drop_name[rows],
            h=None if self.h is None else self.h[rows],
        )

    def map(self, function: Callable[[Values], Values]) -> "Vector":
        """Every number changed; histograms drop out. What comes out is another metric."""
        with np.errstate(all="ignore"):
            values = function(self.values)
        return Vector.of(self.labels, values, self.floats, drop_name=True)

    @property
    def floats(self) -> Mask:
        """Where there is a sample that is a number."""
        return self.present if self.h is None else self.present & ~are_histograms(self.h)

    @property
    def histograms(self) -> Mask:
        """Where there is a sample that is a native histogram."""
        if self.h is None:
            return np.zeros(self.present.shape, np.bool_)
        return self.present & are_histograms(self.h)

    def only_floats(self) -> "Vector":
        """Without native histograms."""
        if self.h is None:
            return self
        return replace(self, present=self.floats, h=None).without_empty()

    def map_histograms(self, function: Callable[[Histogram], float]) -> "Vector":
        """A number for every native histogram; numbers drop out."""
        values, present = np.zeros(self.values.shape), self.histograms
        if self.h is not None:
            values[present] = [function(histogram) for histogram in self.h[present]]
        out = Vector.of(self.labels, values, present, drop_name=True)
        return out.without_empty()

    def where(self, condition: Mask) -> "Vector":
        """Only the samples for which `condition` (n, T) holds."""
        return replace(self, present=self.present & condition)

    def without_empty(self) -> "Vector":
        """Without the series that have no sample at any step."""
        some: Mask = np.any(self.present, axis=1)
        return self if some.all() else replace(self.take(some), ordered=self.ordered)


def stack(vectors: Sequence[Vector]) -> Vector:
    """The series of several vectors in one."""
    filled = [vector for vector in vectors if len(vector)] or list(vectors[:1])
    if len(filled) == 1:
        return filled[0]
    return Vector(
        concatenate([vector.labels for vector in filled]),
        np.concatenate([vector.values for vector in filled]),
        np.concatenate([vector.present for vector in filled]),
        np.concatenate([vector.drop_name for vector in filled]),
        h=_stacked(filled),
    )


def _stacked(vectors: Sequence[Vector]) -> Histograms | None:
    if all(vector.h is None for vector in vectors):
        return None
    return np.concatenate(
        [
            np.full(vector.values.shape, None, np.object_) if vector.h is None else vector.h
            for vector in vectors
        ]
    )


def merge_rows(vector: Vector, group_of_row: Rows, first: Rows) -> Vector:
    """Rows of a group made one, under the labels of its first; no two have a sample at one step."""
    shape = (len(first), vector.steps)
    values, present = np.zeros(shape), np.zeros(shape, np.bool_)
    row, step = np.nonzero(vector.present)
    to = group_of_row[row]
    values[to, step] = vector.values[row, step]
    present[to, step] = True
    h: Histograms | None = None
    if vector.h is not None:
        h = np.full(shape, None, np.object_)
        h[to, step] = vector.h[row, step]
    return Vector(vector.labels.take(first), values, present, vector.drop_name[first], h=h)


def count_by_group(mask: Mask, group_of_row: Rows, size: int) -> NDArray[np.int64]:
    """How often `mask` (n, T) holds in each group: (size, T)."""
    if count_groups.compiled:
        counts = np.zeros((size, mask.shape[1]), np.int64)
        shown = np.ascontiguousarray(mask).view(np.uint8)
        count_groups(np.ascontiguousarray(group_of_row, np.int64), shown, counts)
        return counts
    order = np.argsort(group_of_row, kind="stable")
    groups, starts = np.unique(group_of_row[order], return_index=True)
    out = np.zeros((size, mask.shape[1]), np.int64)
    if len(groups):
        out[groups] = np.add.reduceat(mask[order], starts, axis=0, dtype=np.int64)
    return out


def any_by_group(mask: Mask, group_of_row: Rows, size: int) -> Mask:
    """Whether `mask` (n, T) holds for any row of each group: (size, T)."""
    return count_by_group(mask, group_of_row, size) > 0


def merge_equal(vector: Vector) -> Vector:
    """Series with equal labels made one; they must not both have a sample at the same step."""
    groups = vector.labels.groups()
    if len(groups) == len(vector):
        return vector
    if (count_by_group(vector.present, groups.ids, len(groups)) > 1).any():
        raise EvalError("vector cannot contain metrics with the same labelset")
    return merge_rows(vector, groups.ids, groups.first)


def drop_names(labels: LabelTable, drop: Mask) -> LabelTable:
    """Labels as they are shown: the metric's name and kind gone from the rows that lose them."""
    if drop.any():
        for name in METADATA_LABELS & labels.columns.keys():
            kept = np.where(drop, 0, labels.columns[name]).astype(np.int32)
            labels = labels.with_column(name, kept)
    return labels


def finish(vector: Vector) -> Vector:
    """A vector as it is shown: names dropped, empty series gone, labels unique."""
    labels = drop_names(vector.labels, vector.drop_name)
    return merge_equal(replace(vector, labels=labels).without_empty())

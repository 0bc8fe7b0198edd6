"""Series by metric, with their labels as columns: how a selector finds its series quickly.

Nearly every selector names a metric. The series of one metric are a family; what other conditions
there are is looked up in columns of numbers, once per different value, instead of label set by
label set. A family is made when it is first asked for and extended when it has grown since.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.promql.labels import LabelTable
from watchbill.telemetry.promql.storage import METRIC_NAME, Matcher
from watchbill.telemetry.promql.symbols import Ids, LabelColumns, Symbols
from watchbill.telemetry.store.index import SeriesIndex, Slots


@dataclass
class _Family:
    slots: Slots = field(default_factory=lambda: np.zeros(0, np.int64))
    columns: dict[str, Ids] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.slots)

    def extend(self, table: LabelTable, slots: Slots) -> None:
        """Add series; a label that is new, or that they lack, is empty."""
        for name in dict.fromkeys([*self.columns, *table.columns]):
            before = self.columns.get(name)
            if before is None:
                before = np.zeros(len(self), np.int32)
            self.columns[name] = np.concatenate([before, table.column(name)])
        self.slots = np.concatenate([self.slots, slots])


class Families:
    """The families of an index. Callers hold the store's lock."""

    def __init__(self, index: SeriesIndex) -> None:
        self._index = index
        self._symbols = Symbols()
        self._families: dict[str, _Family] = {}

    def forget(self) -> None:
        """Series have been forgotten: make every family anew when it is asked for."""
        self._symbols, self._families = Symbols(), {}

    def select(self, matchers: Sequence[Matcher]) -> tuple[Slots, LabelColumns] | None:
        """The series that satisfy every matcher, with their labels.

        None when no metric is named: then `SeriesIndex.select` has to look.
        """
        named = next((one for one in matchers if one.name == METRIC_NAME and one.op == "="), None)
        if named is None or not named.value:
            return None
        family = self._family(named.value)
        rows = np.arange(len(family))
        for matcher in sorted(matchers, key=lambda one: one.op != "="):
            if matcher is not named and len(rows):
                rows = rows[self._holds(family, matcher, rows)]
        if len(rows) == len(family):
            return family.slots, LabelColumns(self._symbols, dict(family.columns))
        columns = {name: ids[rows] for name, ids in family.columns.items()}
        return family.slots[rows], LabelColumns(self._symbols, columns)

    def _holds(self, family: _Family, matcher: Matcher, rows: Slots) -> NDArray[np.bool_]:
        """Whether a matcher holds for each of the rows."""
        ids = family.columns.get(matcher.name)
        if ids is None:
            return np.full(len(rows), matcher.matches(""))
        if matcher.op in ("=", "!="):
            number = self._symbols.get(matcher.value, -1)
            same: NDArray[np.bool_] = ids[rows] == number
            return same if matcher.op == "=" else ~same
        distinct, which = np.unique(ids[rows], return_inverse=True)
        holds = [matcher.matches(self._symbols.text(number)) for number in distinct.tolist()]
        return np.array(holds, np.bool_)[which]

    def _family(self, metric: str) -> _Family:
        family = self._families.get(metric) or _Family()
        fresh = self._index.of_metric(metric, len(family))
        if len(fresh):
            labels = [self._index.labels[slot] for slot in fresh.tolist()]
            family.extend(LabelTable.of(self._symbols, labels), fresh)
            self._families[metric] = family
        return family

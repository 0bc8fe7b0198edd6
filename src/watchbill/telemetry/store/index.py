"""The series index: which label sets exist, what number each has, which of them match.

A series has a `slot` (dense, 0…n-1, this process only) and an `id` (permanent, written to disk).
The upper half of an id numbers the metric name, so that chunks sorted by id keep a metric together.
A series can be forgotten; its slot and its id then stay unused for as long as this process lives.
"""

import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.promql.storage import METRIC_NAME, Labels, Matcher

Slots = NDArray[np.int64]
Ids = NDArray[np.uint64]

METRIC_SHIFT = 32


MAX_LABELS = 256
MAX_LABEL_CHARACTERS = 65_536
"""Of one series, its names and values together. They stay in memory as long as the series."""


class SeriesLimitError(Exception):
    """A new series would exceed the limit of series, or of labels that one may have."""


class SeriesIndex:
    """Labels ↔ slot ↔ id, with a posting list per label value. Callers hold the store's lock."""

    def __init__(self, limit: int = 1_000_000) -> None:
        self._limit = limit
        self.labels: list[Labels] = []
        self._ids = array("Q")
        self._ids_view: Ids = np.zeros(0, np.uint64)
        self._slot_of_labels: dict[Labels, int] = {}
        self._slot_of_id: dict[int, int] = {}
        self._postings: dict[str, dict[str, array[int]]] = {}
        self._metrics: dict[str, tuple[int, int]] = {}
        self.superseded: list[int] = []
        """Ids on disk that mean nothing any more: see `restore`."""
        self._forgotten = 0
        self._live = np.zeros(0, np.bool_)  # by slot, as far as `_alive` last needed it
        self._next_metric = 0
        self._sorted_ids: Ids = np.zeros(0, np.uint64)
        self._slots_by_id: Slots = np.zeros(0, np.int64)

    def __len__(self) -> int:
        """How many series are known."""
        return len(self.labels) - self._forgotten

    @property
    def end(self) -> int:
        """The slot after the last; some below may be forgotten."""
        return len(self.labels)

    def all(self) -> Slots:
        """The slots of all series, ascending."""
        return np.flatnonzero(self._alive())

    def are_known(self, slots: Slots) -> bool:
        """Whether none of these slots is forgotten."""
        return not self._forgotten or bool(self._alive()[slots].all())

    def _alive(self) -> NDArray[np.bool_]:
        missing = len(self.labels) - len(self._live)
        if missing > 0:
            self._live = np.concatenate([self._live, np.ones(missing, np.bool_)])
        return self._live

    def find(self, labels: Labels) -> int | None:
        """The slot of a label set (sorted, no empty values), if it is known."""
        return self._slot_of_labels.get(labels)

    def intern(self, labels: Labels) -> int:
        """The slot of a label set, made when it is new. Raises `SeriesLimitError`."""
        slot = self._slot_of_labels.get(labels)
        if slot is not None:
            return slot
        _check_size(labels)
        if len(self) >= self._limit:
            raise SeriesLimitError(
                f"series limit of {self._limit} reached: {_shown(labels)} is refused. Send fewer "
                "series, or raise WATCHBILL_SERIES_LIMIT"
            )
        name = next((value for key, value in labels if key == METRIC_NAME), "")
        metric, used = self._metrics.get(name, (self._next_metric, 0))
        return self._add(labels, name, metric << METRIC_SHIFT | used)

    def restore(self, series_id: int, labels: Labels) -> None:
        """Put back a series that was written to disk under this id. Known ones are left alone; of
        two ids the later counts, because what the other meant was forgotten in between."""
        if series_id in self._slot_of_id:
            return
        slot = self._slot_of_labels.get(labels)
        if slot is not None:
            self.superseded.append(min(series_id, self._ids[slot]))
            if series_id < self._ids[slot]:
                return
            self.forget(np.array([slot]))
        name = next((value for key, value in labels if key == METRIC_NAME), "")
        self._add(labels, name, series_id)

    def _add(self, labels: Labels, name: str, series_id: int) -> int:
        labels = tuple((sys.intern(key), sys.intern(value)) for key, value in labels)
        slot = len(self.labels)
        self.labels.append(labels)
        self._ids.append(series_id)
        self._slot_of_labels[labels] = slot
        self._slot_of_id[series_id] = slot
        for key, value in labels:
            values = self._postings.setdefault(key, {})
            posting = values.get(value)
            if posting is None:
                posting = values[value] = array("q")
            posting.append(slot)
        metric, member = series_id >> METRIC_SHIFT, series_id & 0xFFFFFFFF
        _, used = self._metrics.get(name, (metric, 0))
        self._metrics[name] = (metric, max(used, member + 1))
        self._next_metric = max(self._next_metric, metric + 1)
        return slot

    def forget(self, slots: Slots) -> None:
        """Forget series; their labels become empty and their slots are not used again."""
        self._alive()[slots] = False
        self._forgotten += len(slots)
        ids, touched = self.ids(), set()
        for slot in slots.tolist():
            labels = self.labels[slot]
            del self._slot_of_labels[labels]
            del self._slot_of_id[int(ids[slot])]
            touched.update(labels)
            self.labels[slot] = ()
        for name, value in touched:
            self._shorten(name, value)
        self._sorted_ids, self._slots_by_id = np.zeros(0, np.uint64), np.zeros(0, np.int64)

    def _shorten(self, name: str, value: str) -> None:
        """Take forgotten series out of a posting list."""
        values = self._postings[name]
        posting = np.frombuffer(values[value], np.int64)
        left = posting[self._live[posting]]
        if len(left):
            values[value] = array("q", left.tobytes())
            return
        del values[value]
        if name == METRIC_NAME:  # a metric of this name later has another number
            del self._metrics[value]
        if not values:
            del self._postings[name]

    def ids(self) -> Ids:
        """The id of every slot, in slot order."""
        if len(self._ids_view) != len(self._ids):
            self._ids_view = np.array(self._ids, np.uint64)
        return self._ids_view

    def slots_of_ids(self, ids: Ids) -> Slots:
        """The slots of ids; -1 where an id is unknown."""
        if len(self) > len(self._sorted_ids) * 5 // 4:
            known = self.all()
            self._slots_by_id = known[np.argsort(self.ids()[known])]
            self._sorted_ids = self.ids()[self._slots_by_id]
        slots = np.full(len(ids), -1, np.int64)
        if len(self._sorted_ids):
            at = np.minimum(np.searchsorted(self._sorted_ids, ids), len(self._sorted_ids) - 1)
            found = self._sorted_ids[at] == ids
            slots[found] = self._slots_by_id[at[found]]
        if len(self) > len(self._sorted_ids):  # newer than what is sorted
            get = self._slot_of_id.get
            for row in np.flatnonzero(slots < 0):
                slots[row] = get(int(ids[row]), -1)
        return slots

    def of_metric(self, name: str, after: int) -> Slots:
        """The slots of a metric in the order in which they came, without the first `after`."""
        posting = self._postings.get(METRIC_NAME, {}).get(name)
        return np.array(posting[after:] if posting else (), np.int64)

    def select(self, matchers: Sequence[Matcher]) -> Slots:
        """The slots that satisfy every matcher, ascending."""
        found = self._alive().copy()
        for matcher in sorted(matchers, key=lambda one: one.op != "="):
            found &= self._matching(matcher)
            if not found.any():
                break
        return np.flatnonzero(found)

    def _matching(self, matcher: Matcher) -> NDArray[np.bool_]:
        values = self._postings.get(matcher.name, {})
        if matcher.op == "=" and matcher.value:
            hits: Iterable[str] = (matcher.value,) if matcher.value in values else ()
            return self._mask((values[value] for value in hits), start=False)
        if matcher.matches(""):  # series without the label match too: strike out those that do not
            misses = (posting for value, posting in values.items() if not matcher.matches(value))
            return self._mask(misses, start=True)
        hits = (value for value in values if matcher.matches(value))
        return self._mask((values[value] for value in hits), start=False)

    def _mask(self, postings: Iterable["array[int]"], *, start: bool) -> NDArray[np.bool_]:
        mask = np.full(len(self.labels), start)
        for posting in postings:
            mask[np.array(posting, np.int64)] = not start
        return mask

    def label_names(self, slots: Slots | None = None) -> list[str]:
        """Names of labels, of these series or of all, sorted."""
        if slots is None:
            return sorted(self._postings)
        return sorted({key for slot in slots for key, _ in self.labels[slot]})

    def label_values(self, name: str, slots: Slots | None = None) -> list[str]:
        """Values that a label takes, among these series or all, sorted."""
        if slots is None:
            return sorted(self._postings.get(name, {}))
        return sorted({value for slot in slots for key, value in self.labels[slot] if key == name})

    def cardinality(self) -> Mapping[str, Mapping[str, int]]:
        """How many series each label value has, by label name."""
        return {
            name: {value: len(posting) for value, posting in values.items()}
            for name, values in self._postings.items()
        }


def _check_size(labels: Labels) -> None:
    characters = sum(len(name) + len(value) for name, value in labels)
    if len(labels) > MAX_LABELS or characters > MAX_LABEL_CHARACTERS:
        raise SeriesLimitError(
            f"{len(labels)} labels with {characters} characters exceed what a series may have, "
            f"{MAX_LABELS} with {MAX_LABEL_CHARACTERS}: {_shown(labels)} is refused"
        )


def _shown(labels: Labels) -> str:
    text = "{" + ", ".join(f'{name[:200]}="{value[:200]}"' for name, value in labels[:20]) + "}"
    return text if len(text) <= 200 else text[:200] + "…"

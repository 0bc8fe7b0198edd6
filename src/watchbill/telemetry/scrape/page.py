"""What a scraped page becomes: labels merged and relabelled, series looked up, staleness kept."""

import numpy as np

from watchbill.telemetry.intake.exposition import Exposition, series_labels
from watchbill.telemetry.promql.storage import METRIC_NAME, STALE, Labels, labels_of
from watchbill.telemetry.scrape.relabel import Relabeller
from watchbill.telemetry.store.head import Columns
from watchbill.telemetry.store.samples import SampleStore

DROPPED = -1


class PageError(Exception):
    """A page that is refused as a whole: too many samples, or a series that cannot be."""


class TargetSeries:
    """The series of one target: which text stands for which, and which were there last time.

    Used from one thread at a time.
    """

    def __init__(
        self,
        store: SampleStore,
        labels: Labels,
        relabel: Relabeller,
        *,
        honor_labels: bool = False,
        honor_timestamps: bool = True,
        sample_limit: int = 0,
    ) -> None:
        self._store = store
        self._labels = dict(labels)
        self._relabel = relabel
        self._honor_labels = honor_labels
        self._honor_timestamps = honor_timestamps
        self._sample_limit = sample_limit
        self._slots: dict[str, int] = {}
        self._live = np.zeros(0, np.int64)
        self._reported = np.zeros(0, np.int64)

    def take(self, page: Exposition, at_ms: int) -> tuple[Columns, int]:
        """The page's samples, with staleness markers for series that left, and how many series
        are new. Raises `PageError`, `SeriesLimitError`."""
        count = len(page.samples)
        slots = np.empty(count, np.int64)
        t = np.full(count, at_ms)
        v = np.empty(count)
        timed = np.zeros(count, np.bool_)
        for place, (series, value, t_ms) in enumerate(page.samples):
            slot = self._slots.get(series)
            slots[place] = self._slot(series) if slot is None else slot
            v[place] = value
            if t_ms is not None and self._honor_timestamps:
                t[place] = t_ms
                timed[place] = True
        kept = slots != DROPPED
        if self._sample_limit and int(kept.sum()) > self._sample_limit:
            raise PageError(f"{int(kept.sum())} samples exceed sample_limit {self._sample_limit}")
        live = np.unique(slots[kept & ~timed])
        gone = np.setdiff1d(self._live, live, assume_unique=True)
        added = len(np.setdiff1d(live, self._live, assume_unique=True))
        self._live = live
        if len(self._slots) > 2 * count + 1000:  # texts that changed for ever would pile up
            self._slots.clear()
        samples = Columns(slots, t, v).where(kept)
        return Columns.join([samples, _stale(gone, at_ms)]), added

    def report(self, values: dict[str, float], at_ms: int) -> Columns:
        """The target's own series (`up`, `scrape_…`)."""
        slots = [
            self._store.intern(labels_of({**self._labels, METRIC_NAME: name})) for name in values
        ]
        self._reported = np.array(slots, np.int64)
        return Columns(self._reported, np.full(len(slots), at_ms), np.array(list(values.values())))

    def end(self, at_ms: int, *, target_gone: bool) -> Columns:
        """Staleness markers for everything: the scrape failed, or the target is no more."""
        ended = [_stale(self._live, at_ms)]
        self._live = np.zeros(0, np.int64)
        if target_gone:
            ended.append(_stale(self._reported, at_ms))
        return Columns.join(ended)

    def _slot(self, series: str) -> int:
        try:
            labels: dict[str, str] | None = self._merge(series_labels(series))
        except ValueError as error:
            raise PageError(str(error)) from None
        labels = self._relabel.apply(labels) if labels is not None else None
        if labels is not None and not labels.get(METRIC_NAME):
            raise PageError(f"relabelling left no metric name: {series[:120]!r}")
        slot = DROPPED if labels is None else self._store.intern(labels_of(labels))
        self._slots[series] = slot
        return slot

    def _merge(self, exposed: dict[str, str]) -> dict[str, str]:
        """Labels of target and sample together; `honor_labels` says who wins a conflict."""
        if self._honor_labels:
            return {**self._labels, **exposed}
        merged = {name: value for name, value in exposed.items() if name not in self._labels}
        for name in exposed.keys() & self._labels.keys():
            moved = f"exported_{name}"
            while moved in exposed or moved in self._labels or moved in merged:
                moved = f"exported_{moved}"
            merged[moved] = exposed[name]
        return {**merged, **self._labels}


def _stale(slots: np.ndarray, at_ms: int) -> Columns:
    return Columns(slots, np.full(len(slots), at_ms), np.full(len(slots), STALE))

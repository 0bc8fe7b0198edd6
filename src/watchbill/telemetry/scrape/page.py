"""What a scraped page becomes: labels merged and relabelled, series looked up, staleness kept."""

import contextlib
from collections.abc import Container
from dataclasses import dataclass

import numpy as np

from watchbill.telemetry.exemplars import Exemplar
from watchbill.telemetry.intake.exposition import (
    Exposition,
    NativeSample,
    Sample,
    Series,
    series_labels,
)
from watchbill.telemetry.intake.metadata import Metadata
from watchbill.telemetry.intake.native_histogram import COARSEST, reduced
from watchbill.telemetry.promql.histogram import CUSTOM_BOUNDS, Histogram
from watchbill.telemetry.promql.numbers import format_openmetrics
from watchbill.telemetry.promql.storage import METRIC_NAME, STALE, Labels, labels_of
from watchbill.telemetry.scrape.relabel import Relabeller
from watchbill.telemetry.store.head import Columns
from watchbill.telemetry.store.samples import SampleStore

DROPPED = -1


class PageError(Exception):
    """A page that is refused as a whole: beyond a limit, or a series that cannot be."""


@dataclass(frozen=True)
class Limits:
    """What a page may have, after relabelling; 0 is no limit. The names are the settings'."""

    sample_limit: int = 0
    label_limit: int = 0
    label_name_length_limit: int = 0
    label_value_length_limit: int = 0
    native_histogram_bucket_limit: int = 0


@dataclass(frozen=True)
class Scraped:
    """What came of a page: samples, staleness markers for series that left among them, and how
    many samples it had, were kept, and belong to new series."""

    samples: Columns
    exemplars: list[tuple[int, Exemplar]]
    scraped: int
    kept: int
    added: int


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
        track_timestamps: bool = False,
        limits: Limits | None = None,
    ) -> None:
        self._store = store
        self._labels = dict(labels)
        self._relabel = relabel
        self._honor_labels = honor_labels
        self._honor_timestamps = honor_timestamps
        self._track_timestamps = track_timestamps
        self._limits = limits or Limits()
        self._generation = store.generation
        self._slots: dict[Series, int] = {}
        self._live = np.zeros(0, np.int64)
        self._reported = np.zeros(0, np.int64)

    @property
    def known(self) -> Container[Series]:
        """What names the series of earlier pages: see `exposition.parse`."""
        return self._slots

    def take(self, page: Exposition, at_ms: int) -> Scraped:
        """Read a page. Raises `PageError`, `SeriesLimitError`; nothing of it counts then."""
        self._ask_again()
        rows: list[Sample | NativeSample] = [*page.samples, *page.histograms]
        count = len(rows)
        about = page.metadata
        get = self._slots.get
        slots = np.array(
            [
                self._slot(row.series, about) if (slot := get(row.series)) is None else slot
                for row in rows
            ],
            np.int64,
        )
        told = [row.t_ms for row in rows] if self._honor_timestamps else [None] * count
        timed = np.array([one is not None for one in told], np.bool_)
        t = np.array([at_ms if one is None else one for one in told], np.int64)
        kept = slots != DROPPED
        self._check_count(int(kept.sum()))
        v, h = self._values(page)
        live = np.unique(slots[kept] if self._track_timestamps else slots[kept & ~timed])
        gone = np.setdiff1d(self._live, live, assume_unique=True)
        added = len(np.setdiff1d(live, self._live, assume_unique=True))
        self._live = live
        exemplars = [
            (self._slots[series], one if one.t_ms else one._replace(t_ms=at_ms))
            for series, one in page.exemplars
        ]
        if len(self._slots) > 2 * count + 1000:  # texts that changed for ever would pile up
            self._slots.clear()
        samples = Columns(slots, t, v, h).where(kept)
        return Scraped(
            Columns.join([samples, _stale(gone, at_ms)]),
            [one for one in exemplars if one[0] != DROPPED],
            count,
            len(samples),
            added,
        )

    def _check_count(self, kept: int) -> None:
        limit = self._limits.sample_limit
        if limit and kept > limit:
            raise PageError(f"{kept} samples exceed sample_limit {limit}")

    def _values(self, page: Exposition) -> tuple[np.ndarray, np.ndarray | None]:
        numbers = np.array([sample.value for sample in page.samples], np.float64)
        if not page.histograms:
            return numbers, None
        limit = self._limits.native_histogram_bucket_limit
        h = np.full(len(numbers) + len(page.histograms), None, np.object_)
        for place, row in enumerate(page.histograms, len(numbers)):
            h[place] = _within(row.histogram, limit) if limit else row.histogram
        return np.concatenate([numbers, np.full(len(page.histograms), np.nan)]), h

    def report(self, values: dict[str, float], at_ms: int) -> Columns:
        """The target's own series (`up`, `scrape_…`)."""
        slots = [
            self._store.intern(labels_of({**self._labels, METRIC_NAME: name})) for name in values
        ]
        self._reported = np.array(slots, np.int64)
        return Columns(self._reported, np.full(len(slots), at_ms), np.array(list(values.values())))

    def end(self, at_ms: int, *, target_gone: bool) -> Columns:
        """Staleness markers for everything: the scrape failed, or the target is no more."""
        self._ask_again()
        ended = [_stale(self._live, at_ms)]
        self._live = np.zeros(0, np.int64)
        if target_gone:
            ended.append(_stale(self._reported, at_ms))
        return Columns.join(ended)

    def _ask_again(self) -> None:
        """Use no slot of before when series were forgotten; these had no samples for long."""
        if self._generation != self._store.generation:
            self._generation = self._store.generation
            self._slots.clear()
            self._live = self._store.known(self._live)
            self._reported = self._store.known(self._reported)

    def _slot(self, series: Series, about: dict[str, Metadata]) -> int:
        try:
            exposed = _normalized(series_labels(series), about)
        except ValueError as error:
            raise PageError(str(error)) from None
        labels = self._relabel.apply(self._merge(exposed))
        if labels is not None and not labels.get(METRIC_NAME):
            raise PageError(f"relabelling left no metric name: {str(series)[:120]!r}")
        if labels is not None:
            self._check_labels(labels)
        slot = DROPPED if labels is None else self._store.intern(labels_of(labels))
        self._slots[series] = slot
        return slot

    def _check_labels(self, labels: dict[str, str]) -> None:
        limits = self._limits
        metric = f"{labels[METRIC_NAME][:50]!r}"
        if limits.label_limit and len(labels) > limits.label_limit:
            raise PageError(
                f"{len(labels)} labels of {metric} exceed label_limit {limits.label_limit}"
            )
        for limit, name, lengths in (
            (limits.label_name_length_limit, "label_name_length_limit", map(len, labels)),
            (limits.label_value_length_limit, "label_value_length_limit",
             map(len, labels.values())),
        ):  # fmt: skip
            longest = max(lengths, default=0) if limit else 0
            if longest > limit:
                raise PageError(f"a length of {longest} in {metric} exceeds {name} {limit}")

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


def _normalized(labels: dict[str, str], about: dict[str, Metadata]) -> dict[str, str]:
    """`le` and `quantile` written in one way, so that it does not matter which format was spoken:
    a bucket that ends at 1 is 1.0."""
    name = labels[METRIC_NAME]
    for label, family, kinds in (
        ("le", name.removesuffix("_bucket"), ("histogram", "gaugehistogram")),
        ("quantile", name, ("summary",)),
    ):
        if label in labels and family in about and about[family].type in kinds:
            with contextlib.suppress(ValueError):  # what is no number stays as it is
                labels[label] = format_openmetrics(float(labels[label]))
    return labels


def _within(histogram: Histogram, limit: int) -> Histogram:
    """The histogram in the finest schema in which it has at most `limit` buckets."""
    while len(histogram.positive) + len(histogram.negative) > limit:
        if histogram.schema in (CUSTOM_BOUNDS, COARSEST):
            raise PageError(f"a histogram exceeds native_histogram_bucket_limit {limit}")
        histogram = reduced(histogram, histogram.schema - 1)
    return histogram


def _stale(slots: np.ndarray, at_ms: int) -> Columns:
    return Columns(slots, np.full(len(slots), at_ms), np.full(len(slots), STALE))

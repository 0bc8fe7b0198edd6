"""Classic histograms of a page as native ones with custom bounds: one series instead of many.

Source: https://prometheus.io/docs/specs/native_histograms/ (NHCB)
"""

import math
from dataclasses import dataclass, field

import numpy as np

from watchbill.telemetry.exemplars import Exemplar
from watchbill.telemetry.intake.exposition import (
    Exposition,
    NativeSample,
    Sample,
    Series,
    series_labels,
)
from watchbill.telemetry.promql.histogram import CUSTOM_BOUNDS, Buckets, Histogram
from watchbill.telemetry.promql.storage import METRIC_NAME

_PARTS = ("_bucket", "_count", "_sum")


@dataclass
class _Classic:
    """What a page says of one classic histogram."""

    buckets: dict[float, float] = field(default_factory=dict)
    count: float | None = None
    sum: float = 0.0
    t_ms: int | None = None
    samples: list[Sample] = field(default_factory=list)

    def native(self) -> Histogram | None:
        """As one histogram; None when the parts make none."""
        total = self.buckets.get(math.inf, self.count)
        if total is None:
            return None
        bounds = np.array(sorted(bound for bound in self.buckets if math.isfinite(bound)))
        reached = np.array([*(self.buckets[bound] for bound in bounds.tolist()), total])
        counts = np.diff(reached, prepend=0.0)
        if not (counts >= 0).all():
            return None
        held = np.flatnonzero(counts)
        return Histogram(
            CUSTOM_BOUNDS, total, self.sum,
            positive=Buckets(held.astype(np.int32), counts[held]), bounds=bounds,
        )  # fmt: skip


def converted(page: Exposition, keep_classic: bool) -> Exposition:
    """The page with its classic histograms made native, where they are not there so already.
    What is no whole histogram stays as it is; with `keep_classic` the parts stay too."""
    families = {name for name, about in page.metadata.items() if about.type == "histogram"}
    native = {row.series for row in page.histograms}
    found: dict[Series, _Classic] = {}
    samples: list[Sample] = []
    places: dict[Series, Series] = {}
    for sample in page.samples:
        labels = _labels(sample.series, families)
        if labels is None:
            samples.append(sample)
            continue
        whole, part, bound = labels
        classic = found.setdefault(whole, _Classic(t_ms=sample.t_ms))
        classic.samples.append(sample)
        places[sample.series] = whole
        if part == "_sum":
            classic.sum = sample.value
        elif part == "_count":
            classic.count = sample.value
        else:
            classic.buckets[bound] = sample.value
    histograms = list(page.histograms)
    made = set()
    for whole, classic in found.items():
        histogram = None if whole in native else classic.native()
        if histogram is not None:
            histograms.append(NativeSample(whole, histogram, classic.t_ms))
            made.add(whole)
        if histogram is None or keep_classic:
            samples += classic.samples
    exemplars: list[tuple[Series, Exemplar]] = [
        (whole if (whole := places.get(series, series)) in made else series, one)
        for series, one in page.exemplars
    ]
    return Exposition(samples, page.metadata, exemplars, histograms)


def _labels(series: Series, families: set[str]) -> tuple[Series, str, float] | None:
    """The histogram that a sample is part of, which part it is, and its bound; None for others,
    and for a series that is wrong: `TargetSeries` tells of it."""
    name = series.partition("{")[0] if isinstance(series, str) else series[0][1]
    if not name or not name.strip().endswith(_PARTS):
        return None
    try:
        labels = series_labels(series)
    except ValueError:
        return None
    part = f"_{labels[METRIC_NAME].rpartition('_')[2]}"
    family = labels[METRIC_NAME].removesuffix(part)
    if family not in families:
        return None
    bound = math.nan
    if part == "_bucket":
        try:
            bound = float(labels.pop("le"))
        except (KeyError, ValueError):
            return None
        if math.isnan(bound):
            return None
    return tuple(sorted({**labels, METRIC_NAME: family}.items())), part, bound

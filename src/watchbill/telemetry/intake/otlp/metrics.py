"""OTLP metrics as Prometheus's samples.

Explicit histograms become classic ones (`_bucket`, `_sum`, `_count`), exponential ones native. A
resource gives `job` and `instance`, and the rest of it stands in `target_info`. Sums and
histograms have to be cumulative. Source:
https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
"""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK,
)

from watchbill.telemetry.exemplars import LABELS_LIMIT, Exemplar
from watchbill.telemetry.intake.batch import Batch, Gathering, Refusals
from watchbill.telemetry.intake.metadata import Metadata
from watchbill.telemetry.intake.native_histogram import BadHistogramError, checked
from watchbill.telemetry.intake.otlp.names import metric_name, unit_name
from watchbill.telemetry.intake.otlp.request import (
    Parts,
    identifier,
    labels_from,
    read_request,
    text_of,
)
from watchbill.telemetry.promql.histogram import Buckets, Histogram
from watchbill.telemetry.promql.numbers import format_value
from watchbill.telemetry.promql.storage import METRIC_NAME, STALE, Labels, labels_of
from watchbill.telemetry.store.index import SeriesLimitError

ZERO_THRESHOLD = 1e-128
"""Of the zero bucket when the sender tells none."""

IDENTITY = ("service.namespace", "service.name", "service.instance.id")

Request, Response = ExportMetricsServiceRequest, ExportMetricsServiceResponse
_TYPES = {"gauge": "gauge", "histogram": "histogram", "exponential_histogram": "histogram",
          "summary": "summary"}  # fmt: skip


class PointError(ValueError):
    """A data point, or a whole metric, that is refused; the message says why."""


def read_metrics(body: bytes, intern: Callable[[Labels], int], *, json: bool) -> tuple[Batch, int]:
    """The samples of a request, and how many data points it had. Raises `MalformedError`."""
    reading = _Reading(intern)
    for resource in reading.parts.of(read_request(Request, body, json=json).resource_metrics):
        reading.resource(resource)
    return reading.batch(), reading.points


def identity(attributes: Iterable[Any]) -> dict[str, str]:
    """`job` and `instance` of a resource, as far as it has them."""
    told = {pair.key: text_of(pair.value) for pair in attributes if pair.key in IDENTITY}
    space, name, instance = (told.get(key, "") for key in IDENTITY)
    job = f"{space}/{name}" if space and name else name
    return {key: value for key, value in (("job", job), ("instance", instance)) if value}


class _Reading:
    """One request."""

    def __init__(self, intern: Callable[[Labels], int]) -> None:
        self._intern = intern
        self._gathered = Gathering()
        self._exemplars: list[tuple[int, Exemplar]] = []
        self._metadata: dict[str, Metadata] = {}
        self._refused = Refusals()
        self._identity: dict[str, str] = {}
        self._newest_ms = 0
        self.parts = Parts()
        self.points = 0

    def batch(self) -> Batch:
        """Everything so far."""
        gathered = self._gathered
        return Batch(
            gathered.numbers(), gathered.histograms(), self._exemplars, self._metadata,
            self._refused,
        )  # fmt: skip

    def resource(self, told: Any) -> None:
        """The metrics of one resource."""
        self._identity, self._newest_ms = identity(told.resource.attributes), 0
        for scope in self.parts.of(told.scope_metrics):
            for metric in self.parts.of(scope.metrics):
                self._metric(metric)
        if self._identity and self._newest_ms:
            try:
                labels = labels_from(told.resource.attributes, skip=IDENTITY)
                if labels:
                    self._number("target_info", labels, self._newest_ms, 1.0)
                    self._metadata["target_info"] = Metadata("gauge", "Target metadata.", "")
            except (PointError, ValueError) as error:
                self._refused.add("target_info", str(error))

    def _metric(self, metric: Any) -> None:
        kind = metric.WhichOneof("data")
        if kind is None:
            self._refused.add("unknown kind of metric", metric.name)
            return
        data = getattr(metric, kind)
        points = data.data_points
        self.points += len(points)
        cumulative = AGGREGATION_TEMPORALITY_CUMULATIVE
        if getattr(data, "aggregation_temporality", cumulative) != cumulative:
            self._refused.add(
                "temporality is not cumulative: set the exporter's preference to cumulative",
                f"metric {metric.name!r}", len(points),
            )  # fmt: skip
            return
        counter = kind == "sum" and data.is_monotonic
        try:
            name = metric_name(metric.name, metric.unit, counter=counter, gauge=kind == "gauge")
        except ValueError as error:
            self._refused.add("invalid name", str(error), len(points))
            return
        said = "counter" if counter else _TYPES.get(kind, "gauge")
        self._metadata[name] = Metadata(said, metric.description, unit_name(metric.unit))
        for point in self.parts.of(points):
            self._point(kind, name, point)

    def _point(self, kind: str, name: str, point: Any) -> None:
        t_ms = point.time_unix_nano // 1_000_000
        try:
            labels = labels_from(point.attributes)
            _READERS[kind](self, name, labels, t_ms, point)
        except SeriesLimitError as error:
            self._refused.add("series limit", str(error))
        except (PointError, BadHistogramError, ValueError) as error:
            self._refused.add("invalid data point", f"{name}: {error}")
        else:
            self._newest_ms = max(self._newest_ms, t_ms)

    def scalar(self, name: str, labels: dict[str, str], t_ms: int, point: Any) -> None:
        """A point of a gauge or sum."""
        value = _number(point)
        if value is None and not _ended(point):
            raise PointError("no value")
        slot = self._number(name, labels, t_ms, STALE if _ended(point) else value or 0.0)
        self._told(point, lambda _: slot)

    def histogram(self, name: str, labels: dict[str, str], t_ms: int, point: Any) -> None:
        """A point of an explicit histogram, as a classic one."""
        bounds, counts = list(point.explicit_bounds), list(point.bucket_counts)
        if counts and len(counts) != len(bounds) + 1:
            raise PointError(f"{len(counts)} bucket counts for {len(bounds)} bounds")
        if any(not low < high for low, high in pairwise(bounds)):
            raise PointError("bounds do not ascend")
        ended = _ended(point)
        total = 0
        slots = []
        for bound, count in zip(bounds, counts, strict=False):
            total += count
            slots.append(self._number(
                f"{name}_bucket", {**labels, "le": format_value(bound)}, t_ms,
                STALE if ended else float(total),
            ))  # fmt: skip
        count = STALE if ended else float(point.count)
        slots.append(self._number(f"{name}_bucket", {**labels, "le": "+Inf"}, t_ms, count))
        self._number(f"{name}_count", labels, t_ms, count)
        if point.HasField("sum"):
            self._number(f"{name}_sum", labels, t_ms, STALE if ended else point.sum)
        ends = np.array(bounds[: len(slots) - 1])
        self._told(point, lambda value: slots[int(np.searchsorted(ends, value))])

    def exponential(self, name: str, labels: dict[str, str], t_ms: int, point: Any) -> None:
        """A point of an exponential histogram, as a native one."""
        if _ended(point):
            self._number(name, labels, t_ms, STALE)
            return
        told = Histogram(
            point.scale, float(point.count), point.sum,
            point.zero_threshold or ZERO_THRESHOLD, float(point.zero_count),
            _buckets(point.positive), _buckets(point.negative),
        )  # fmt: skip
        histogram = checked(told, whole=True)
        slot = self._slot(name, labels)
        self._gathered.histogram(slot, t_ms, histogram)
        self._told(point, lambda _: slot)

    def summary(self, name: str, labels: dict[str, str], t_ms: int, point: Any) -> None:
        """A point of a summary."""
        ended = _ended(point)
        self._number(f"{name}_count", labels, t_ms, STALE if ended else float(point.count))
        self._number(f"{name}_sum", labels, t_ms, STALE if ended else point.sum)
        for one in point.quantile_values:
            self._number(
                name, {**labels, "quantile": format_value(one.quantile)}, t_ms,
                STALE if ended else one.value,
            )  # fmt: skip

    def _number(self, name: str, labels: dict[str, str], t_ms: int, value: float) -> int:
        slot = self._slot(name, labels)
        self._gathered.number(slot, t_ms, value)
        return slot

    def _slot(self, name: str, labels: dict[str, str]) -> int:
        return self._intern(labels_of({**labels, **self._identity, METRIC_NAME: name}))

    def _told(self, point: Any, slot_of: Callable[[float], int]) -> None:
        """The exemplars of a point."""
        for one in point.exemplars:
            value = _number(one)
            if value is not None:
                t_ms = one.time_unix_nano // 1_000_000
                self._exemplars.append(
                    (slot_of(value), Exemplar(_exemplar_labels(one), value, t_ms))
                )


_READERS: dict[str, Callable[[_Reading, str, dict[str, str], int, Any], None]] = {
    "gauge": _Reading.scalar,
    "sum": _Reading.scalar,
    "histogram": _Reading.histogram,
    "exponential_histogram": _Reading.exponential,
    "summary": _Reading.summary,
}


def _number(point: Any) -> float | None:
    which = point.WhichOneof("value")
    return None if which is None else float(getattr(point, which))


def _ended(point: Any) -> bool:
    return bool(point.flags & DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK)


def _buckets(told: Any) -> Buckets:
    """OpenTelemetry counts buckets by where they begin, Prometheus by where they end."""
    counts = np.array(list(told.bucket_counts), np.float64)
    held = np.flatnonzero(counts)
    index = held + told.offset + 1
    if len(index) and not -(1 << 31) <= index[0] <= index[-1] < 1 << 31:
        raise PointError("a bucket lies outside of what numbers can be")
    return Buckets(index.astype(np.int32), counts[held])


def _exemplar_labels(one: Any) -> Labels:
    """Trace and span, and the attributes that were filtered out, if all that is short enough."""
    pairs = {"trace_id": identifier(one.trace_id), "span_id": identifier(one.span_id)}
    every = {**labels_from(one.filtered_attributes), **pairs}
    fits = sum(len(name) + len(value) for name, value in every.items()) <= LABELS_LIMIT
    return labels_of(every if fits else pairs)

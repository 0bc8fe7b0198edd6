"""The protobuf form in which programs serve native histograms: delimited `MetricFamily` messages.

Source: https://github.com/prometheus/client_model (io/prometheus/client/metrics.proto)
"""

from collections.abc import Iterator
from typing import Any

from watchbill.telemetry.exemplars import Exemplar
from watchbill.telemetry.intake.exposition import Exposition, NativeSample, Sample, Series
from watchbill.telemetry.intake.messages import Messages
from watchbill.telemetry.intake.metadata import Metadata
from watchbill.telemetry.intake.native_histogram import BadHistogramError, from_message
from watchbill.telemetry.intake.protobuf import MalformedError, read_varint
from watchbill.telemetry.promql.numbers import format_openmetrics
from watchbill.telemetry.promql.storage import METRIC_NAME, labels_of

CONTENT_TYPE = "application/vnd.google.protobuf"
MAX_SAMPLES = 2_000_000

_TYPES = ("counter", "gauge", "summary", "unknown", "histogram", "gaugehistogram")
# The native fields of a histogram bear the names that they have in remote write.
_MESSAGES = Messages("watchbill.exposition", {
    "MetricFamily": "string name = 1; string help = 2; int32 type = 3; repeated Metric metric = 4;"
    "string unit = 5",
    "Metric": "repeated Pair label = 1; Value gauge = 2; Counter counter = 3; Summary summary = 4;"
    "Value untyped = 5; int64 timestamp_ms = 6; Histogram histogram = 7",
    "Pair": "string name = 1; string value = 2",
    "Value": "double value = 1",
    "Counter": "double value = 1; Exemplar exemplar = 2; Timestamp created_timestamp = 3",
    "Summary": "uint64 sample_count = 1; double sample_sum = 2; repeated Quantile quantile = 3;"
    "Timestamp created_timestamp = 4",
    "Quantile": "double quantile = 1; double value = 2",
    "Histogram": "uint64 count_int = 1; double sum = 2; repeated Bucket bucket = 3;"
    "double count_float = 4; sint32 schema = 5; double zero_threshold = 6;"
    "uint64 zero_count_int = 7; double zero_count_float = 8; repeated Span negative_spans = 9;"
    "repeated sint64 negative_deltas = 10; repeated double negative_counts = 11;"
    "repeated Span positive_spans = 12; repeated sint64 positive_deltas = 13;"
    "repeated double positive_counts = 14; Timestamp created_timestamp = 15;"
    "repeated Exemplar exemplars = 16;"
    "int32 reset_hint = 1000; repeated double custom_values = 1001",  # of remote write alone
    "Bucket": "uint64 cumulative_count = 1; double upper_bound = 2; Exemplar exemplar = 3;"
    "double cumulative_count_float = 4",
    "Span": "sint32 offset = 1; uint32 length = 2",
    "Exemplar": "repeated Pair label = 1; double value = 2; Timestamp timestamp = 3",
    "Timestamp": "int64 seconds = 1; int32 nanos = 2",
})  # fmt: skip


def parse_protobuf(page: bytes, *, native: bool = True, classic: bool = False) -> Exposition:
    """Read a page. A histogram that is native is read as such; its classic buckets only if it is
    not, or with `classic`, or without `native`. Raises `MalformedError`."""
    found = Exposition()
    for family in _families(page):
        kind = _TYPES[family.type] if 0 <= family.type < len(_TYPES) else "unknown"
        found.metadata[family.name] = Metadata(kind, family.help, family.unit)
        for metric in family.metric:
            reading = _Metric(family.name, metric, found)
            if metric.HasField("histogram"):
                reading.histogram(metric.histogram, kind, native=native, classic=classic)
            else:
                reading.plain(metric)
            if len(found.samples) > MAX_SAMPLES:
                raise MalformedError(f"more than {MAX_SAMPLES} samples on one page")
    return found


def _families(page: bytes) -> Iterator[Any]:
    at, end = 0, len(page)
    while at < end:
        length, start = read_varint(page, at, end)
        at = start + length
        if at > end:
            raise MalformedError(f"the family at byte {start} reaches beyond the page")
        yield _MESSAGES.read("MetricFamily", page[start:at])


class _Metric:
    """One metric of a family; its samples go to `found`."""

    def __init__(self, name: str, metric: Any, found: Exposition) -> None:
        self._name, self._found = name, found
        self._pairs = tuple([(pair.name, pair.value) for pair in metric.label])
        self._t_ms: int | None = metric.timestamp_ms or None

    def plain(self, metric: Any) -> None:
        """What is no histogram."""
        if metric.HasField("summary"):
            summary = metric.summary
            self._add("_count", float(summary.sample_count))
            self._add("_sum", summary.sample_sum)
            for one in summary.quantile:
                self._add("", one.value, ("quantile", format_openmetrics(one.quantile)))
        elif metric.HasField("counter"):
            series = self._add("", metric.counter.value)
            if metric.counter.HasField("exemplar"):
                self._exemplar(series, metric.counter.exemplar)
        elif metric.HasField("gauge"):
            self._add("", metric.gauge.value)
        elif metric.HasField("untyped"):
            self._add("", metric.untyped.value)

    def histogram(self, told: Any, kind: str, *, native: bool, classic: bool) -> None:
        """A histogram in either form, or both."""
        is_native = bool(
            told.positive_spans or told.negative_spans
            or told.zero_threshold or told.zero_count_int or told.zero_count_float
        )  # fmt: skip
        if native and is_native:
            self._native(told, kind)
        if classic or not native or not is_native:
            self._classic(told)

    def _native(self, told: Any, kind: str) -> None:
        if kind == "gaugehistogram":
            told.reset_hint = 3
        try:
            histogram = from_message(told)
        except BadHistogramError as error:
            raise MalformedError(f"histogram {self._name}: {error}") from None
        series = self._series("")
        self._found.histograms.append(NativeSample(series, histogram, self._t_ms))
        for one in (*told.exemplars, *(bucket.exemplar for bucket in told.bucket)):
            if one.HasField("timestamp"):
                self._exemplar(series, one)

    def _classic(self, told: Any) -> None:
        count = told.count_float or float(told.count_int)
        infinite = False
        for bucket in told.bucket:
            infinite = infinite or bucket.upper_bound == float("inf")
            held = bucket.cumulative_count_float or float(bucket.cumulative_count)
            series = self._add("_bucket", held, ("le", format_openmetrics(bucket.upper_bound)))
            if bucket.HasField("exemplar"):
                self._exemplar(series, bucket.exemplar)
        if not infinite:
            self._add("_bucket", count, ("le", "+Inf"))
        self._add("_count", count)
        self._add("_sum", told.sum)

    def _series(self, suffix: str, *more: tuple[str, str]) -> Series:
        return ((METRIC_NAME, self._name + suffix), *self._pairs, *more)

    def _add(self, suffix: str, value: float, *more: tuple[str, str]) -> Series:
        series = self._series(suffix, *more)
        self._found.samples.append(Sample(series, value, self._t_ms))
        return series

    def _exemplar(self, series: Series, told: Any) -> None:
        stamp = told.timestamp
        t_ms = stamp.seconds * 1000 + stamp.nanos // 1_000_000
        if -(1 << 63) <= t_ms < 1 << 63:
            labels = labels_of({pair.name: pair.value for pair in told.label})
            self._found.exemplars.append((series, Exemplar(labels, told.value, t_ms)))

"""Native histograms as remote write and the protobuf exposition send them: spans and deltas.

Sources: https://prometheus.io/docs/specs/native_histograms/ and, for the message,
https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/ (1.0 has the same fields)
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.intake.messages import Messages
from watchbill.telemetry.promql.histogram import CUSTOM_BOUNDS, Buckets, Counts, Hint, Histogram
from watchbill.telemetry.promql.storage import is_stale

FINEST, COARSEST, FINEST_SENT = 8, -4, 52
"""The exponential schemas; finer ones than `FINEST` are merged down to it."""

MESSAGES = {
    "Histogram": "uint64 count_int = 1; double count_float = 2; double sum = 3; sint32 schema = 4;"
    "double zero_threshold = 5; uint64 zero_count_int = 6; double zero_count_float = 7;"
    "repeated BucketSpan negative_spans = 8; repeated sint64 negative_deltas = 9;"
    "repeated double negative_counts = 10; repeated BucketSpan positive_spans = 11;"
    "repeated sint64 positive_deltas = 12; repeated double positive_counts = 13;"
    "int32 reset_hint = 14; int64 timestamp = 15; repeated double custom_values = 16;"
    "int64 start_timestamp = 17",
    "BucketSpan": "sint32 offset = 1; uint32 length = 2",
}
"""For `messages.Messages`; a package that has these names too may number them otherwise."""

MAX_BYTES = 1 << 20
MAX_SPANS = 65_536
"""An empty span takes two bytes on the wire and many in memory."""

_HINTS: tuple[Hint, ...] = ("unknown", "reset", "not_reset", "gauge")


class BadHistogramError(ValueError):
    """A histogram that contradicts itself or is of an unknown kind."""


def read_histogram(messages: Messages, data: bytes) -> Any:
    """The message. Raises `BadHistogramError` for one larger than any that is meant, and
    `MalformedError`."""
    if len(data) > MAX_BYTES:
        raise BadHistogramError(f"it has {len(data)} bytes, more than {MAX_BYTES}")
    return messages.read("Histogram", data)


def from_message(message: Any) -> Histogram:
    """The histogram that a message with the fields of `MESSAGES` describes.

    Raises `BadHistogramError`.
    """
    if len(message.positive_spans) + len(message.negative_spans) > MAX_SPANS:
        raise BadHistogramError(f"it has more than {MAX_SPANS} spans")
    stale = bool(is_stale(np.array([message.sum]))[0])
    whole = not (message.count_float or message.zero_count_float
                 or message.positive_counts or message.negative_counts)  # fmt: skip
    positive = _buckets(message.positive_spans, message.positive_deltas, message.positive_counts)
    negative = _buckets(message.negative_spans, message.negative_deltas, message.negative_counts)
    hint = message.reset_hint
    histogram = Histogram(
        message.schema,
        float(message.count_int if whole else message.count_float),
        message.sum,
        message.zero_threshold,
        float(message.zero_count_int if whole else message.zero_count_float),
        positive,
        negative,
        np.array(list(message.custom_values), np.float64),
        _HINTS[hint] if 0 <= hint < len(_HINTS) else "unknown",
    )
    return histogram if stale else checked(histogram, whole=whole)


def _buckets(spans: Any, deltas: Any, counts: Any) -> Buckets:
    """Spans say where buckets are; their counts are told as such, or each less the one before."""
    if counts and deltas:
        raise BadHistogramError("bucket counts are given both as counts and as deltas")
    told: Counts = np.array(list(counts or deltas), np.float64)
    if deltas:
        told = np.cumsum(np.array(list(deltas), np.int64)).astype(np.float64)
    if sum(span.length for span in spans) != len(told):
        raise BadHistogramError("spans do not cover the bucket counts")
    parts, at = [], 0
    for number, span in enumerate(spans):
        if number and span.offset < 0:
            raise BadHistogramError(f"span {number} goes back by {-span.offset} buckets")
        begin = at + span.offset
        at = begin + span.length
        parts.append(np.arange(begin, at))
    index = np.concatenate(parts) if parts else np.zeros(0, np.int64)
    if len(index) and not -(1 << 31) <= index[0] <= index[-1] < 1 << 31:
        raise BadHistogramError("a bucket lies outside of what numbers can be")
    return Buckets(index.astype(np.int32), told)


def checked(histogram: Histogram, *, whole: bool) -> Histogram:
    """The histogram if it is one, in a schema that is stored; `whole` counts have to add up.

    Raises `BadHistogramError`.
    """
    for buckets in (histogram.positive, histogram.negative):
        if len(buckets) and not (buckets.counts >= 0).all():
            raise BadHistogramError("a bucket holds less than nothing")
    if not (histogram.count >= 0 and histogram.zero_count >= 0):
        raise BadHistogramError("a count is less than nothing")
    if whole:
        _add_up(histogram)
    if histogram.schema == CUSTOM_BOUNDS:
        return _checked_custom(histogram)
    if len(histogram.bounds):
        raise BadHistogramError("custom bounds in an exponential schema")
    if not histogram.zero_threshold >= 0:
        raise BadHistogramError("the zero bucket ends below zero")
    if not COARSEST <= histogram.schema <= FINEST_SENT:
        raise BadHistogramError(f"unknown schema {histogram.schema}")
    return histogram if histogram.schema <= FINEST else reduced(histogram, FINEST)


def _add_up(histogram: Histogram) -> None:
    """NaN is counted, but falls into no bucket; the sum is NaN then."""
    held = histogram.positive.counts.sum() + histogram.negative.counts.sum() + histogram.zero_count
    if held > histogram.count or (held != histogram.count and not math.isnan(histogram.sum)):
        raise BadHistogramError(f"buckets hold {held:g} of {histogram.count:g} observations")


def _checked_custom(histogram: Histogram) -> Histogram:
    bounds = histogram.bounds
    if histogram.zero_count or histogram.zero_threshold or len(histogram.negative):
        raise BadHistogramError("custom bounds have no zero bucket and no negative ones")
    if not np.isfinite(bounds).all() or (bounds[1:] <= bounds[:-1]).any():
        raise BadHistogramError("custom bounds do not ascend")
    index = histogram.positive.index
    if len(index) and not 0 <= index[0] <= index[-1] <= len(bounds):
        raise BadHistogramError(f"a bucket lies beyond the {len(bounds)} custom bounds")
    return histogram


def reduced(histogram: Histogram, schema: int) -> Histogram:
    """The same in a coarser exponential schema: 2 ** (difference) buckets become one."""
    by = histogram.schema - schema
    return Histogram(
        schema, histogram.count, histogram.sum, histogram.zero_threshold, histogram.zero_count,
        _merged(histogram.positive, by), _merged(histogram.negative, by),
        hint=histogram.hint,
    )  # fmt: skip


def _merged(buckets: Buckets, by: int) -> Buckets:
    if not len(buckets):
        return buckets
    coarse: NDArray[np.int64] = ((buckets.index.astype(np.int64) - 1) >> by) + 1
    index, first = np.unique(coarse, return_index=True)
    return Buckets(index.astype(np.int32), np.add.reduceat(buckets.counts, first))

"""The pages of `/federate`: text 0.0.4, and protobuf for those who take native histograms.

https://prometheus.io/docs/instrumenting/exposition_formats/ and, for the messages, metrics.proto of
https://github.com/prometheus/client_model.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from watchbill.lib.varint import varint
from watchbill.telemetry.promql.histogram import CUSTOM_BOUNDS, Buckets, Histogram
from watchbill.telemetry.promql.numbers import format_value
from watchbill.telemetry.promql.storage import Labels

TEXT = "text/plain; version=0.0.4; charset=utf-8"
PROTOBUF = (
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
)
_PLAIN_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_NOT_PLAIN = re.compile(r"[^a-zA-Z0-9_:]")
_QUALITY = re.compile(r";\s*q=([0-9.]+)")
_UNTYPED, _HISTOGRAM, _GAUGE_HISTOGRAM = 3, 4, 5


class Row(NamedTuple):
    """The newest sample of a series; `labels` are without the metric's name."""

    name: str
    labels: Labels
    t_ms: int
    value: float
    histogram: Histogram | None = None

    @property
    def shown_labels(self) -> Labels:
        """With an empty instance where there is none: else whoever scrapes this would add that of
        this server."""
        has_own = any(key == "instance" for key, _ in self.labels)
        return self.labels if has_own else (*self.labels, ("instance", ""))


def wants_protobuf(accept: str) -> bool:
    """Whether an Accept header prefers the delimited protobuf form to text."""
    qualities = {"protobuf": 0.0, "text": 0.0}
    for item in accept.lower().split(","):
        found = _QUALITY.search(item)
        quality = float(found[1].strip(".") or 0) if found else 1.0
        if "application/vnd.google.protobuf" in item and "encoding=delimited" in item:
            qualities["protobuf"] = max(qualities["protobuf"], quality)
        elif "text/plain" in item:
            qualities["text"] = max(qualities["text"], quality)
    return qualities["protobuf"] > qualities["text"]


def as_text(rows: Sequence[Row], *, quoted: bool) -> bytes:
    """Rows in order, as text. Native histograms have no form there and are left out. Names that
    are not plain are `quoted`, or else have underscores."""
    return "".join(_lines([row for row in rows if not row.histogram], quoted=quoted)).encode()


def _lines(rows: Sequence[Row], *, quoted: bool) -> Iterator[str]:
    for name, family in groupby(rows, lambda row: row.name):
        yield f"# TYPE {_name(name, quoted=quoted)} untyped\n"
        for row in family:
            told = f"{format_value(row.value)} {row.t_ms}"
            pairs = [
                f'{_name(key, quoted=quoted)}="{_escaped(value)}"'
                for key, value in row.shown_labels
            ]
            if quoted and not _PLAIN_NAME.fullmatch(name):
                yield f"{{{','.join([_name(name, quoted=True), *pairs])}}} {told}\n"
            else:
                yield f"{_name(name, quoted=False)}{{{','.join(pairs)}}} {told}\n"


def _name(name: str, *, quoted: bool) -> str:
    """A name as it is, or else quoted, or with underscores for what old readers do not take."""
    if _PLAIN_NAME.fullmatch(name):
        return name
    if quoted:
        return f'"{_escaped(name)}"'
    plain = _NOT_PLAIN.sub("_", name)
    return f"_{plain}" if plain[:1].isdigit() else plain


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


# ── protobuf ──


def as_protobuf(rows: Sequence[Row]) -> bytes:
    """Rows in order, as delimited families: numbers untyped, native histograms whole.

    Histograms with custom bounds have no native form there: they are classic ones.
    """
    out = []
    for (name, kind), family in groupby(rows, lambda row: (row.name, _kind(row))):
        metrics = b"".join(_bytes(4, _metric(row)) for row in family)
        message = _bytes(1, name.encode()) + _number(3, kind) + metrics
        out.append(varint(len(message)) + message)
    return b"".join(out)


def _kind(row: Row) -> int:
    if row.histogram is None:
        return _UNTYPED
    return _GAUGE_HISTOGRAM if row.histogram.hint == "gauge" else _HISTOGRAM


def _metric(row: Row) -> bytes:
    labels = b"".join(
        _bytes(1, _bytes(1, key.encode()) + _bytes(2, value.encode()))
        for key, value in row.shown_labels
    )
    shown = (
        _bytes(5, _double(1, row.value))
        if row.histogram is None
        else _bytes(7, _histogram(row.histogram))
    )
    return labels + shown + _number(6, row.t_ms)


def _histogram(one: Histogram) -> bytes:
    if one.schema == CUSTOM_BOUNDS:
        return _classic(one)
    # In the form for counts that need not be whole, which all counts can be given in.
    return (
        _double(4, one.count) + _double(2, one.sum)
        + _number(5, _zigzag(one.schema))
        + _double(6, one.zero_threshold) + _double(8, one.zero_count)
        + _spans(9, one.negative) + _doubles(11, one.negative)
        + _spans(12, one.positive) + _doubles(14, one.positive)
    )  # fmt: skip


def _classic(one: Histogram) -> bytes:
    counts = np.zeros(len(one.bounds) + 1)
    counts[one.positive.index] = one.positive.counts
    ends = [*one.bounds.tolist(), float("inf")]
    buckets = b"".join(
        _bytes(3, _count(1, 4, cumulative) + _double(2, end))
        for end, cumulative in zip(ends, np.cumsum(counts).tolist(), strict=True)
    )
    return _count(1, 4, one.count) + _double(2, one.sum) + buckets


def _count(whole: int, fraction: int, count: float) -> bytes:
    """A count in the field for whole numbers if it is one: older readers know no other."""
    return _number(whole, int(count)) if count.is_integer() else _double(fraction, count)


def _spans(number: int, buckets: Buckets) -> bytes:
    """Runs of consecutive buckets: the first begins at its index, each later one after a gap."""
    index = buckets.index.astype(np.int64)
    if not len(index):
        return b""
    begins = np.flatnonzero(np.append(True, np.diff(index) != 1))
    lengths = np.diff(np.append(begins, len(index))).tolist()
    gaps = [int(index[0]), *(index[begins[1:]] - index[begins[1:] - 1] - 1).tolist()]
    return b"".join(
        _bytes(number, _number(1, _zigzag(gap)) + _number(2, length))
        for gap, length in zip(gaps, lengths, strict=True)
    )


def _doubles(number: int, buckets: Buckets) -> bytes:
    packed = buckets.counts.astype("<f8", copy=False).tobytes()
    return _bytes(number, packed) if packed else b""


def _number(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def _double(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


def _bytes(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1

"""Metric queries answered: ranges of lines become series, the rest is PromQL's engine.

Each range aggregation is worked out for all steps of the query; the engine then finds its value at
exactly these steps, where PromQL would look a sample up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.logs.block import Asked, Marks, metadata_hash
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.logs.logql.ast import (
    RANGE_LABEL,
    MetricQuery,
    RangeAggregation,
    Unwrap,
    run,
)
from watchbill.telemetry.logs.logql.entry import ERROR, ERROR_DETAILS, Entry
from watchbill.telemetry.logs.logql.units import parse_duration, parse_size
from watchbill.telemetry.logs.search import Counters, check, entries
from watchbill.telemetry.logs.windows import Times, Values, Windows, aggregate
from watchbill.telemetry.promql import engine
from watchbill.telemetry.promql.errors import EvalError
from watchbill.telemetry.promql.labels import show
from watchbill.telemetry.promql.scope import Limits
from watchbill.telemetry.promql.storage import Labels, Matcher, Selection, labels_of

MAX_LINES_COUNTED = 100_000_000
LINES_AT_ONCE = 2_000_000
MAX_SERIES = 20_000
MS = 1_000_000

Series = tuple[Labels, Times, Values]

_SUMS = {
    "count_over_time": "sum_over_time", "rate": "bytes_rate",
    "bytes_over_time": "bytes_over_time", "bytes_rate": "bytes_rate",
}  # fmt: skip
"""What is made of counts, instead of lines."""


def instant(
    store: LogStore, query: MetricQuery, at_ms: int, limits: Limits, counters: Counters
) -> engine.Result:
    """The value at one time. Raises `EvalError` and `ChunkStoreError`."""
    ranges = _Ranges(store, query, np.array([at_ms], np.int64), limits, counters)
    return engine.instant(ranges, query.expr, at_ms, lookback_ms=1, limits=limits)


def range_(
    store: LogStore,
    query: MetricQuery,
    start_ms: int,
    end_ms: int,
    step_ms: int,
    limits: Limits,
    counters: Counters,
) -> engine.Result:
    """The values from `start_ms` to `end_ms`, both included. Raises as `instant`."""
    steps = np.arange(start_ms, end_ms + 1, step_ms, dtype=np.int64)
    ranges = _Ranges(store, query, steps, limits, counters)
    return engine.range_(
        ranges, query.expr, start_ms, end_ms, step_ms, lookback_ms=1, limits=limits
    )


class _Ranges:
    """The `promql.storage.Storage` whose series are the query's range aggregations."""

    def __init__(
        self,
        store: LogStore,
        query: MetricQuery,
        steps: Times,
        limits: Limits,
        counters: Counters,
    ) -> None:
        self._store, self._query = store, query
        self._steps, self._limits, self._counters = steps, limits, counters

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Selection:
        """See `Storage.select`; the one matcher has the number of the range."""
        (matcher,) = matchers
        assert matcher.name == RANGE_LABEL
        one = self._query.ranges[int(matcher.value)]
        ends = self._steps * MS - one.offset_ns
        if one.op == "absent_over_time":
            return Selection.of(self._absent(replace(one, kept=()), ends))
        return Selection.of(self._aggregated(one, ends))

    def _aggregated(self, one: RangeAggregation, ends: Times) -> Iterator[Series]:
        for labels, t, v in self._series(one, ends):
            check(self._limits)
            windows = Windows.of(t, v, ends, one.range_ns)
            present = windows.present
            if present.any():
                op = _SUMS[one.op] if _is_counted(one) else one.op
                values = aggregate(op, windows, one.range_ns / 1e9, one.parameter)
                yield labels, self._steps[present], values[present]

    def _absent(self, one: RangeAggregation, ends: Times) -> Iterator[Series]:
        missing = np.ones(len(ends), np.bool_)
        for _, t, v in self._series(one, ends):
            missing &= ~Windows.of(t, v, ends, one.range_ns).present
        names = [matcher.name for matcher in one.query.matchers]
        labels = labels_of({
            matcher.name: matcher.value
            for matcher in one.query.matchers
            if matcher.op == "=" and names.count(matcher.name) == 1
        })  # fmt: skip
        if missing.any():
            yield labels, self._steps[missing], np.ones(int(missing.sum()))

    def _series(self, one: RangeAggregation, ends: Times) -> Iterator[Series]:
        """The samples that the lines make, by series, in order of time (ns)."""
        start, end = int(ends[0]) - one.range_ns + 1, int(ends[-1]) + 1
        if _is_counted(one):
            return self._counted(one, start, end, ends)
        return self._made(one, start, end)

    def _counted(
        self, one: RangeAggregation, start: int, end: int, ends: Times
    ) -> Iterator[Series]:
        """Lines that need only be counted never leave the store: a sample is how many (or how many
        bytes) there are up to a time since the one before. All windows begin and end at these."""
        of_stream = self._store.streams(one.query.matchers)
        apart = one.range_ns if len(ends) == 1 else gcd(one.range_ns, int(ends[1] - ends[0]))
        of_hash: dict[int, Labels] = {0: ()}
        by_series: dict[Labels, list[tuple[Times, Values]]] = {}
        asked = Asked(list(of_stream), start, end, one.query.filters, metadata=one.kept)
        for marks in self._slices(asked):
            if not of_hash.keys() >= set(np.unique(marks.metadata).tolist()):
                given = self._store.metadata(asked, MAX_SERIES + 1)
                _limit_series(len(given))
                of_hash |= {metadata_hash(metadata): metadata for metadata in given}
            in_bytes = one.op.startswith("bytes")
            for stream, metadata, t, sums in _sums(marks, int(ends[0]), apart, in_bytes=in_bytes):
                labels = _grouped(one, dict(of_hash.get(metadata, ())) | dict(of_stream[stream]))
                by_series.setdefault(labels, []).append((t, sums))
                _limit_series(len(by_series))
        for labels, parts in by_series.items():
            yield labels, *_joined(parts)

    def _slices(self, asked: Asked) -> Iterator[Marks]:
        """All lines to be counted, a slice of time at once, as wide as memory allows."""
        width = asked.end_ns - asked.start_ns
        at = asked.start_ns
        while at < asked.end_ns and asked.streams:
            check(self._limits)
            slice_ = asked._replace(start_ns=at, end_ns=min(at + width, asked.end_ns))
            marks = self._store.marks(slice_, LINES_AT_ONCE)
            if marks is None:
                if width == 1:
                    raise EvalError(f"there are more than {LINES_AT_ONCE} lines at one time")
                width = max(width // 4, 1)
                continue
            self._counters.lines += len(marks)
            self._counters.bytes += int(marks.size.sum())
            if self._counters.lines > MAX_LINES_COUNTED:
                raise EvalError(
                    f"the query counts more than {MAX_LINES_COUNTED} lines: shorten its time range"
                )
            if len(marks):
                yield marks
            at = slice_.end_ns
            width *= 2

    def _made(self, one: RangeAggregation, start: int, end: int) -> Iterator[Series]:
        """Lines that have to be looked at one by one."""
        found: dict[Labels, tuple[list[int], list[float]]] = {}
        in_bytes = one.op.startswith("bytes")
        for entry in entries(
            self._store, one.query, start, end, newest_first=False, limits=self._limits,
            counters=self._counters,
        ):  # fmt: skip
            if one.unwrap is not None:
                value = _unwrapped(one.unwrap, entry)
                if value is None:
                    continue
            else:
                value = float(len(entry.line.encode())) if in_bytes else 1.0
            if ERROR in entry.labels:
                raise _pipeline_error(entry)
            labels = _grouped(one, entry.labels)
            times, values = found.setdefault(labels, ([], []))
            times.append(entry.t_ns)
            values.append(value)
            _limit_series(len(found))
        for labels, (times, values) in found.items():
            yield labels, np.array(times, np.int64), np.array(values)


def _is_counted(one: RangeAggregation) -> bool:
    """Whether the store can count by itself: all stages are filters that it knows."""
    return one.unwrap is None and not one.query.rest


def _sums(
    marks: Marks, origin: int, apart: int, *, in_bytes: bool
) -> Iterator[tuple[int, int, Times, Values]]:
    """By stream and metadata, the lines (or their bytes) up to each time `origin` + n * `apart`
    since the one before; times without any left out."""
    if marks.metadata.any():
        marks = marks.take(np.lexsort((marks.t, marks.metadata, marks.stream)))
    bucket = -((origin - marks.t) // apart)
    values = marks.size.astype(np.float64) if in_bytes else np.ones(len(marks))
    series = np.append(True, _differs(marks.stream) | _differs(marks.metadata))
    first = np.flatnonzero(series | np.append(True, _differs(bucket)))
    sums, t = np.add.reduceat(values, first), origin + bucket[first] * apart
    bounds = [*np.flatnonzero(series[first]).tolist(), len(first)]
    for begin, end in pairwise(bounds):
        row = int(first[begin])
        own = int(marks.stream[row]), int(marks.metadata[row])
        yield *own, t[begin:end], sums[begin:end]


def _differs(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each value but the first is another than the one before."""
    out: NDArray[np.bool_] = column[1:] != column[:-1]
    return out


def _joined(parts: list[tuple[Times, Values]]) -> tuple[Times, Values]:
    if len(parts) == 1:
        return parts[0]
    t = np.concatenate([part for part, _ in parts])
    order = np.argsort(t, kind="stable")
    return t[order], np.concatenate([part for _, part in parts])[order]


def _limit_series(count: int) -> None:
    if count > MAX_SERIES:
        raise EvalError(
            f"maximum of series ({MAX_SERIES}) reached for a single query; keep fewer labels "
            "(| keep, by), or narrow the stream selector"
        )


def _unwrapped(unwrap: Unwrap, entry: Entry) -> float | None:
    """The sample of a line, whose label is taken away; None when it has none."""
    text = entry.labels.pop(unwrap.label, "")
    if not text:
        return None
    value = 0.0
    try:
        if unwrap.conversion is None:
            value = float(text)
        else:
            value = parse_size(text) if unwrap.conversion == "bytes" else parse_duration(text)
    except ValueError as error:
        entry.fail("SampleExtractionErr", str(error))
    return value if run(unwrap.after, entry) else None


def _grouped(one: RangeAggregation, labels: dict[str, str]) -> Labels:
    if one.kept is not None:
        return labels_of({name: value for name, value in labels.items() if name in one.kept})
    if one.grouping is None:
        return labels_of(labels)
    listed, without = one.grouping.labels, one.grouping.without
    return labels_of({
        name: value for name, value in labels.items() if (name in listed) != without
    })  # fmt: skip


def _pipeline_error(entry: Entry) -> EvalError:
    kind, details = entry.labels[ERROR], entry.labels.pop(ERROR_DETAILS, "")
    series = show({name: value for name, value in entry.labels.items() if name != ERROR})
    return EvalError(
        f"pipeline error: '{kind}' for series: '{series}' ({details}).\nUse a label filter to "
        f'intentionally skip this error. (e.g | __error__!="{kind}").'
    )

"""What the engine asks of a store: series picked by matchers, as columns.

Times are Unix milliseconds everywhere. A staleness marker is an ordinary sample whose value has
one particular NaN bit pattern; stores pass it on untouched and the engine interprets it.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import re2
from numpy.typing import NDArray

from .histogram import Histogram
from .symbols import LabelColumns

Labels = tuple[tuple[str, str], ...]
"""Sorted `(name, value)` pairs, `__name__` among them; no empty values."""

Times = NDArray[np.int64]
Values = NDArray[np.float64]
Histograms = NDArray[np.object_]
"""A `Histogram` where the sample is a native histogram, None where it is a number."""

MatchOp = Literal["=", "!=", "=~", "!~"]

METRIC_NAME = "__name__"
METRIC_TYPE = "__type__"
STALE_BITS = 0x7FF0000000000002
"""Prometheus's bit pattern for "this series has ended" (model/value/value.go)."""

STALE: float = struct.unpack("<d", struct.pack("<Q", STALE_BITS))[0]


def is_stale(values: Values) -> NDArray[np.bool_]:
    """Say for each value whether it is a staleness marker (an ordinary NaN is not)."""
    bits: NDArray[np.uint64] = np.ascontiguousarray(values).view(np.uint64)
    return np.equal(bits, np.uint64(STALE_BITS))


def are_histograms(h: Histograms) -> NDArray[np.bool_]:
    """Say for each sample whether it is a native histogram."""
    return np.asarray(h != None, np.bool_)  # noqa: E711  cell by cell


def labels_of(pairs: Mapping[str, str]) -> Labels:
    """Labels in canonical form: sorted by name, empty values dropped."""
    return tuple(sorted((name, value) for name, value in pairs.items() if value))


class PatternError(ValueError):
    """A regular expression that RE2 rejects."""


def compile_pattern(pattern: str, *, dot_matches_newline: bool = True) -> "re2._Regexp":
    """A regular expression in RE2 syntax, by default as PromQL reads it. Raises `PatternError`."""
    options = re2.Options()
    options.dot_nl = dot_matches_newline
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except UnicodeEncodeError:
        raise PatternError("error parsing regexp: invalid UTF-8") from None
    except re2.error as error:
        message = error.args[0] if error.args else error
        text = message.decode() if isinstance(message, bytes) else str(message)
        raise PatternError(f"error parsing regexp: {text}") from None


@dataclass(frozen=True)
class Matcher:
    """One condition on one label. A label that a series lacks counts as the empty string.

    Raises `PatternError` when `op` is a regular-expression match and `value` is not valid RE2.
    """

    name: str
    op: MatchOp
    value: str
    _pattern: "re2._Regexp | None" = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        """Compile the pattern once."""
        if self.op in ("=~", "!~"):
            object.__setattr__(self, "_pattern", compile_pattern(self.value))

    def matches(self, value: str) -> bool:
        """Whether a label value satisfies this; regular expressions match the whole value."""
        if self.op == "=":
            return value == self.value
        if self.op == "!=":
            return value != self.value
        assert self._pattern is not None
        return (self._pattern.fullmatch(value) is not None) == (self.op == "=~")

    def __str__(self) -> str:
        """As in a selector, without escaping: for messages."""
        return f'{self.name}{self.op}"{self.value}"'


@dataclass(frozen=True)
class Selection:
    """The samples of several series, one after the other.

    Series `i` has `labels[i]` and owns `t[starts[i]:starts[i + 1]]` and the same slice of `v`;
    its times strictly ascend. `starts` is int64 of length n + 1, `t` int64 ms, `v` float64 with
    staleness markers in place. `h` is None where all samples are numbers; where it is not, the
    value beside a histogram means nothing. A histogram's staleness marker is an ordinary one.
    `st` says since when each sample counts (its start timestamp in ms), 0 where that is unknown;
    None where it is unknown for all. `columns` are the labels once more, as columns, from stores
    that have them so.
    """

    labels: Sequence[Labels]
    starts: NDArray[np.int64]
    t: Times
    v: Values
    h: Histograms | None = None
    st: Times | None = None
    columns: LabelColumns | None = field(default=None, compare=False)

    def __len__(self) -> int:
        """How many series."""
        return len(self.labels)

    def take(self, rows: Sequence[int]) -> "Selection":
        """Some series, in that order."""
        parts = [np.arange(self.starts[row], self.starts[row + 1]) for row in rows]
        index = np.concatenate(parts) if parts else np.zeros(0, np.int64)
        starts = np.cumsum([0, *map(len, parts)]).astype(np.int64)
        h = None if self.h is None else self.h[index]
        st = None if self.st is None else self.st[index]
        labels = [self.labels[row] for row in rows]
        return Selection(labels, starts, self.t[index], self.v[index], h, st)

    def series(self) -> Iterator[tuple[Labels, Times, Values]]:
        """Series by series: labels, times, values."""
        bounds = self.starts.tolist()
        for row, labels in enumerate(self.labels):
            own = slice(bounds[row], bounds[row + 1])
            yield labels, self.t[own], self.v[own]

    @staticmethod
    def empty() -> "Selection":
        """No series at all."""
        return Selection([], np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0))

    @staticmethod
    def of(series: Iterable[tuple[Labels, Times, Values]]) -> "Selection":
        """Join single series, each `(labels, times, values)`."""
        parts = list(series)
        if not parts:
            return Selection.empty()
        lengths = [len(t) for _, t, _ in parts]
        return Selection(
            [labels for labels, _, _ in parts],
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            np.concatenate([t for _, t, _ in parts]).astype(np.int64, copy=False),
            np.concatenate([v for _, _, v in parts]).astype(np.float64, copy=False),
        )


class Storage(Protocol):
    """Where samples come from."""

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Selection:
        """The series that satisfy every matcher, with their samples from `start_ms` to `end_ms`.

        Both ends are inclusive. Series without a sample in that time may be left out; order is
        free. Called from one thread per query, several queries at a time.
        """
        ...


class InMemory:
    """A `Storage` in a dictionary, for tests and small jobs. Not safe for threads."""

    def __init__(self) -> None:
        self._series: dict[Labels, dict[int, float | Histogram]] = {}
        self._starts: dict[Labels, dict[int, int]] = {}

    def add(
        self,
        labels: Mapping[str, str],
        samples: Iterable[tuple[int, float | Histogram]],
        starts: Mapping[int, int] | None = None,
    ) -> None:
        """Add `(ms, value)` samples to a series; a later value for the same time wins.

        `starts` has start timestamps by the time of the sample, both in ms.
        """
        key = labels_of(labels)
        self._series.setdefault(key, {}).update(samples)
        if starts:
            self._starts.setdefault(key, {}).update(starts)

    def __repr__(self) -> str:
        return f"InMemory({self._series})"

    def clear(self) -> None:
        """Forget everything."""
        self._series.clear()
        self._starts.clear()

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Selection:
        """See `Storage.select`."""
        labels: list[Labels] = []
        lengths, times, starts = [0], [], []
        samples: list[float | Histogram] = []
        for key, all_samples in sorted(self._series.items()):
            values = dict(key)
            if not all(matcher.matches(values.get(matcher.name, "")) for matcher in matchers):
                continue
            inside = sorted(t for t in all_samples if start_ms <= t <= end_ms)
            if inside:
                labels.append(key)
                lengths.append(len(inside))
                times += inside
                samples += [all_samples[t] for t in inside]
                known = self._starts.get(key, {})
                starts += [known.get(t, 0) for t in inside]
        return Selection(
            labels,
            np.cumsum(lengths).astype(np.int64),
            np.array(times, np.int64),
            np.array([np.nan if isinstance(v, Histogram) else v for v in samples], np.float64),
            _histograms(samples),
            np.array(starts, np.int64) if any(starts) else None,
        )


def _histograms(samples: Sequence[float | Histogram]) -> Histograms | None:
    if not any(isinstance(sample, Histogram) for sample in samples):
        return None
    out = np.full(len(samples), None, np.object_)
    for at, sample in enumerate(samples):
        if isinstance(sample, Histogram):
            out[at] = sample
    return out

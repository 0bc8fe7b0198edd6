"""Selectors and subqueries: samples from the store, or from an expression at steps of its own."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from . import ast
from .ast import Span
from .durations import at_ms, to_ms
from .errors import EvalError
from .kernels.compiled import count_stale, drop_stale, newest
from .kernels.extended import interpolate
from .labels import LabelTable
from .native.arithmetic import told_resets
from .scope import Query, Scope
from .smoothed_histograms import smooth_histograms
from .storage import Histograms, Selection, Times, are_histograms, is_stale
from .vectors import Vector, drop_names
from .windows import Columns, Index, Windows, find_last, find_windows, window_blocks

DEFAULT_SUBQUERY_STEP_MS = 60_000


@dataclass(frozen=True)
class Samples:
    """Samples of n series, their labels, and which of them lose their name in the end."""

    labels: LabelTable
    columns: Columns
    drop_name: NDArray[np.bool_]

    def __len__(self) -> int:
        """How many samples."""
        return len(self.columns.t)

    def selection(self) -> Selection:
        """As it is shown."""
        columns, labels = self.columns, drop_names(self.labels, self.drop_name)
        return Selection(labels.rows(), columns.starts, columns.t, columns.v, columns.h)


@dataclass(frozen=True)
class RangeInput:
    """What a range function works on.

    `ends` are the right ends of its windows, one per step, or a single one when `pinned` by `@`.
    """

    samples: Samples
    ends: Times
    range_ms: int
    pinned: bool
    extension: str | None
    span: Span

    def windows(self) -> Iterator[tuple[slice, Windows]]:
        """Which samples each step sees, by runs of series."""
        return window_blocks(self.samples.columns, self.ends, self.range_ms)


def fetch(scope: Scope, selector: ast.VectorSelector, start_ms: int, end_ms: int) -> Samples:
    """Samples of a selector with both ends inclusive, staleness markers among them."""
    query = scope.query
    query.check()
    found = query.storage.select(selector.matchers, start_ms, end_ms)
    query.read(len(found.t) + _weight(found.h))
    table = _labels(query, found)
    v, h = found.v, found.h
    if h is not None:
        v = np.where(are_histograms(h), np.nan, v)  # so that none looks like a staleness marker
        h = _with_resets(h, found.starts) if scope.tells_resets else h
    columns = Columns(found.starts, found.t, v, h=h, st=found.st)
    return Samples(table, columns, np.zeros(table.size, np.bool_))


def _labels(query: Query, found: Selection) -> LabelTable:
    """The labels of a selection, as the store's columns where there are any."""
    if found.columns is not None and query.symbols.share(found.columns.symbols):
        return LabelTable(query.symbols, len(found), found.columns.columns)
    return LabelTable.of(query.symbols, found.labels)


def _weight(h: Histograms | None) -> int:
    """For how many samples histograms count in a query's limit, beyond one each."""
    if h is None:
        return 0
    return sum(1 + one.bucket_count for one in h[are_histograms(h)])


def _with_resets(h: Histograms, starts: Index) -> Histograms:
    """Hints filled in, series by series."""
    out = h.copy()
    for begin, end in pairwise(starts.tolist()):
        places = begin + np.flatnonzero(are_histograms(h[begin:end]))
        out[places] = told_resets(h[places].tolist())
    return out


def shifted_times(scope: Scope, node: ast.VectorSelector | ast.Subquery) -> tuple[Times, bool]:
    """When a node is looked at for each step; True with a single time when `@` pins it."""
    query = scope.query
    offset = 0 if node.offset is None else to_ms(node.offset, query.times)
    if node.at is None:
        return scope.times - offset, False
    return np.array([at_ms(node.at, query.times) - offset], np.int64), True


def select_instant(scope: Scope, node: ast.VectorSelector) -> Vector:
    """The newest sample of each series within the lookback, unless it says the series ended."""
    if node.extension == "anchored":
        raise EvalError("anchored modifier can only be used with range vector")
    if node.extension == "smoothed":
        return _select_smoothed(scope, node)
    samples, times, pinned = _fetch_instant(scope, node)
    if newest.compiled and samples.columns.h is None:
        vector = _select_compiled(scope, samples, times)
        return _repeat(vector, scope) if pinned else vector
    shape = (samples.labels.size, len(times))
    values, present = np.zeros(shape), np.zeros(shape, np.bool_)
    h = None if samples.columns.h is None else np.full(shape, None, np.object_)
    for rows, run, last, found in _newest(scope, samples, times):
        values[rows] = run.v[last]
        present[rows] = found & ~is_stale(values[rows])
        if h is not None and run.h is not None:
            h[rows] = run.h[last]
    vector = Vector(samples.labels, values, present, samples.drop_name, h=h)
    return _repeat(vector, scope) if pinned else vector


def _select_compiled(scope: Scope, samples: Samples, times: Times) -> Vector:
    columns = samples.columns
    shape = (len(columns), len(times))
    values, present = np.empty(shape), np.empty(shape, np.bool_)
    for rows in columns.row_runs(len(times)):
        scope.query.check()
        newest(columns.starts, columns.t, columns.v, times, scope.query.lookback_ms,
               rows.start, rows.stop, values, present.view(np.uint8))  # fmt: skip
    return Vector(samples.labels, values, present, samples.drop_name)


def select_times(scope: Scope, node: ast.VectorSelector, *, starts: bool = False) -> Vector:
    """Like `select_instant`, but when each sample was, in Unix seconds, instead of its value.

    With `starts` since when each sample counts, 0 where that is unknown.
    """
    samples, times, pinned = _fetch_instant(scope, node)
    shape = (samples.labels.size, len(times))
    seconds, present = np.zeros(shape), np.zeros(shape, np.bool_)
    for rows, run, last, found in _newest(scope, samples, times):
        if not starts:
            seconds[rows] = run.t[last] / 1000
        elif run.st is not None:
            seconds[rows] = run.st[last] / 1000
        present[rows] = found & ~is_stale(run.v[last])
    vector = Vector.of(samples.labels, seconds, present, drop_name=True)
    return _repeat(vector, scope) if pinned else vector


def _fetch_instant(scope: Scope, node: ast.VectorSelector) -> tuple[Samples, Times, bool]:
    """Samples within the lookback of any step, when each step looks, and whether `@` pins it."""
    query = scope.query
    times, pinned = shifted_times(scope, node)
    oldest = int(times.min()) - query.lookback_ms + 1
    samples = fetch(scope, node, oldest, int(times.max()))
    query.hold(samples.labels.size * len(times))
    return (samples if len(samples) else _no_samples(scope)), times, pinned


def _newest(
    scope: Scope, samples: Samples, times: Times
) -> Iterator[tuple[slice, Columns, Index, NDArray[np.bool_]]]:
    """By runs of series: the index of the newest sample at each step, and whether there is one."""
    for rows, run in samples.columns.runs(len(times)):
        scope.query.check()
        if not len(run.t):
            continue
        last = find_last(run, times) - 1
        found = last >= run.starts[:-1, None]
        last = np.where(found, last, 0)
        found &= run.t[last] > times[None, :] - scope.query.lookback_ms
        yield rows, run, last, found


def _select_smoothed(scope: Scope, node: ast.VectorSelector) -> Vector:
    times, pinned = shifted_times(scope, node)
    lookback = scope.query.lookback_ms
    samples = without_stale(
        fetch(scope, node, int(times.min()) - lookback + 1, int(times.max()) + lookback)
    )
    if not len(samples):
        return scope.empty()
    shape = (samples.labels.size, len(times))
    scope.query.hold(shape[0] * shape[1])
    values, present = np.zeros(shape), np.zeros(shape, np.bool_)
    columns = samples.columns
    numbers = columns if columns.h is None else columns.only(~are_histograms(columns.h))
    for rows, run in numbers.runs(len(times)):
        scope.query.check()
        if len(run.t):
            windows = find_windows(run, times, lookback)
            with np.errstate(all="ignore"):
                found = interpolate(windows, find_last(run, times + lookback))
            values[rows], present[rows] = found
    vector = Vector(samples.labels, values, present, samples.drop_name)
    if columns.h is not None:
        vector = smooth_histograms(scope, vector, columns, times, node.span)
    return _repeat(vector, scope) if pinned else vector


def _repeat(vector: Vector, scope: Scope) -> Vector:
    """The single step of a pinned vector at every step."""
    steps = len(scope.times)
    return replace(
        vector,
        values=np.repeat(vector.values, steps, axis=1),
        present=np.repeat(vector.present, steps, axis=1),
        h=None if vector.h is None else np.repeat(vector.h, steps, axis=1),
    )


def without_stale(samples: Samples) -> Samples:
    """Without staleness markers: a range sees only real samples."""
    columns = samples.columns
    if count_stale.compiled:
        found = count_stale(columns.v)
        if not found:
            return samples
        if columns.h is None and columns.st is None:
            left = len(columns.t) - found
            rest = Columns(np.empty_like(columns.starts), np.empty(left, np.int64), np.empty(left))
            drop_stale(columns.starts, columns.t, columns.v, rest.starts, rest.t, rest.v)
            return replace(samples, columns=rest)
    real = ~is_stale(columns.v)
    return samples if real.all() else replace(samples, columns=columns.only(real))


def select_range(scope: Scope, node: ast.Expr) -> RangeInput:
    """The samples of a matrix selector or subquery, with the windows wanted of them."""
    node = ast.unwrap(node)
    if isinstance(node, ast.MatrixSelector):
        return _select_matrix(scope, node)
    assert isinstance(node, ast.Subquery)
    return _select_subquery(scope, node)


def _positive(duration: ast.DurationExpr, scope: Scope) -> int:
    ms = to_ms(duration, scope.query.times)
    if ms <= 0:
        raise EvalError("duration must be greater than 0")
    return ms


def _select_matrix(scope: Scope, node: ast.MatrixSelector) -> RangeInput:
    selector, range_ms = node.vector, _positive(node.range, scope)
    ends, pinned = shifted_times(scope, selector)
    before = scope.query.lookback_ms if selector.extension else 0
    after = scope.query.lookback_ms if selector.extension == "smoothed" else 0
    samples = without_stale(
        fetch(scope, selector, int(ends.min()) - range_ms - before + 1, int(ends.max()) + after)
    )
    return RangeInput(samples, ends, range_ms, pinned, selector.extension, node.span)


def _select_subquery(scope: Scope, node: ast.Subquery) -> RangeInput:
    range_ms = _positive(node.range, scope)
    step = DEFAULT_SUBQUERY_STEP_MS if node.step is None else _positive(node.step, scope)
    ends, pinned = shifted_times(scope, node)
    # Steps lie on multiples of the step, so that neighbouring subqueries see the same values.
    begin = (int(ends.min()) - range_ms) // step * step + step
    steps = max((int(ends.max()) - begin) // step + 1, 0)
    scope.query.hold(steps)
    grid = begin + step * np.arange(steps, dtype=np.int64)
    samples = _no_samples(scope)
    if steps:
        value = scope.at(grid, step).vector(node.inner)
        samples = _samples_of(value.without_empty(), grid)
    return RangeInput(samples, ends, range_ms, pinned, None, node.span)


def _samples_of(vector: Vector, grid: Times) -> Samples:
    row, step = np.nonzero(vector.present)
    starts = np.concatenate([[0], np.cumsum(vector.present.sum(axis=1))]).astype(np.int64)
    h = None if vector.h is None else _without_hints(vector.h[row, step])
    columns = Columns(starts, grid[step], vector.values[row, step], h=h)
    return Samples(vector.labels, columns, vector.drop_name)


def _without_hints(h: Histograms) -> Histograms:
    """Hints are about the sample before in the store, which is another one at other steps."""
    return np.array(
        [one if one is None or one.hint == "gauge" else replace(one, hint="unknown") for one in h],
        np.object_,
    )


def _no_samples(scope: Scope) -> Samples:
    nothing = Selection.empty()
    table = LabelTable(scope.query.symbols, 0)
    return Samples(table, Columns(nothing.starts, nothing.t, nothing.v), np.zeros(0, np.bool_))

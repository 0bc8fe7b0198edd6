"""Selectors and subqueries: samples from the store, or from an expression at steps of its own."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from . import ast
from .ast import Span
from .durations import to_ms
from .errors import EvalError
from .kernels.extended import interpolate
from .labels import LabelTable
from .scope import Query, Scope
from .storage import Selection, Times, Values, is_stale
from .vectors import Vector
from .windows import Index, Windows, find_last, find_windows

DEFAULT_SUBQUERY_STEP_MS = 60_000


@dataclass(frozen=True)
class Samples:
    """Samples of n series in a row, as in `storage.Selection`, with their labels as a table."""

    labels: LabelTable
    starts: Index
    t: Times
    v: Values
    drop_name: NDArray[np.bool_]

    def selection(self) -> Selection:
        """As it is shown."""
        return Selection(self.labels.rows(), self.starts, self.t, self.v)


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

    def windows(self) -> Windows:
        """Which samples each step sees."""
        samples = self.samples
        return find_windows(samples.starts, samples.t, samples.v, self.ends, self.range_ms)


def fetch(query: Query, selector: ast.VectorSelector, start_ms: int, end_ms: int) -> Samples:
    """Samples of a selector with both ends inclusive, staleness markers among them."""
    query.check()
    found = query.storage.select(selector.matchers, start_ms, end_ms)
    query.read(len(found.t))
    table = LabelTable.of(query.symbols, found.labels)
    return Samples(table, found.starts, found.t, found.v, np.zeros(table.size, np.bool_))


def shifted_times(scope: Scope, node: ast.VectorSelector | ast.Subquery) -> tuple[Times, bool]:
    """When a node is looked at for each step; True with a single time when `@` pins it."""
    query = scope.query
    offset = 0 if node.offset is None else to_ms(node.offset, query.times)
    if node.at is None:
        return scope.times - offset, False
    match node.at:
        case "start":
            at = query.times.start
        case "end":
            at = query.times.end
        case ms:
            at = ms
    return np.array([at - offset], np.int64), True


def select_instant(scope: Scope, node: ast.VectorSelector) -> Vector:
    """The newest sample of each series within the lookback, unless it says the series ended."""
    if node.extension == "anchored":
        raise EvalError("anchored modifier can only be used with range vector")
    if node.extension == "smoothed":
        return _select_smoothed(scope, node)
    samples, newest, found, pinned = _newest(scope, node)
    values = samples.v[newest]
    vector = Vector(samples.labels, values, found & ~is_stale(values), samples.drop_name)
    return _repeat(vector, scope) if pinned else vector


def select_times(scope: Scope, node: ast.VectorSelector) -> Vector:
    """Like `select_instant`, but when each sample was, in Unix seconds, instead of its value."""
    samples, newest, found, pinned = _newest(scope, node)
    present = found & ~is_stale(samples.v[newest])
    vector = Vector.of(samples.labels, samples.t[newest] / 1000, present, drop_name=True)
    return _repeat(vector, scope) if pinned else vector


def _newest(
    scope: Scope, node: ast.VectorSelector
) -> tuple[Samples, Index, NDArray[np.bool_], bool]:
    """Samples, the index of the newest for each series and step, whether there is one, pinned."""
    query = scope.query
    times, pinned = shifted_times(scope, node)
    oldest = int(times.min()) - query.lookback_ms + 1
    samples = fetch(query, node, oldest, int(times.max()))
    query.hold(samples.labels.size * len(times))
    if not len(samples.t):
        shape = (0, len(times))
        nothing = _no_samples(scope)
        return nothing, np.zeros(shape, np.int64), np.zeros(shape, np.bool_), pinned
    newest = find_last(samples.starts, samples.t, times) - 1
    found = newest >= samples.starts[:-1, None]
    newest = np.where(found, newest, 0)
    found &= samples.t[newest] > times[None, :] - query.lookback_ms
    return samples, newest, found, pinned


def _select_smoothed(scope: Scope, node: ast.VectorSelector) -> Vector:
    times, pinned = shifted_times(scope, node)
    lookback = scope.query.lookback_ms
    samples = without_stale(
        fetch(scope.query, node, int(times.min()) - lookback + 1, int(times.max()) + lookback)
    )
    if not len(samples.t):
        return scope.empty()
    windows = find_windows(samples.starts, samples.t, samples.v, times, lookback)
    with np.errstate(all="ignore"):
        values, present = interpolate(
            windows, find_last(samples.starts, samples.t, times + lookback)
        )
    vector = Vector(samples.labels, values, present, samples.drop_name)
    return _repeat(vector, scope) if pinned else vector


def _repeat(vector: Vector, scope: Scope) -> Vector:
    """The single step of a pinned vector at every step."""
    steps = len(scope.times)
    return replace(
        vector,
        values=np.repeat(vector.values, steps, axis=1),
        present=np.repeat(vector.present, steps, axis=1),
    )


def without_stale(samples: Samples) -> Samples:
    """Without staleness markers: a range sees only real samples."""
    real = ~is_stale(samples.v)
    if real.all():
        return samples
    kept = np.concatenate([[0], np.cumsum(real)])
    return replace(samples, starts=kept[samples.starts], t=samples.t[real], v=samples.v[real])


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
        fetch(
            scope.query, selector, int(ends.min()) - range_ms - before + 1, int(ends.max()) + after
        )
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
    return Samples(vector.labels, starts, grid[step], vector.values[row, step], vector.drop_name)


def _no_samples(scope: Scope) -> Samples:
    nothing = Selection.empty()
    table = LabelTable(scope.query.symbols, 0)
    return Samples(table, nothing.starts, nothing.t, nothing.v, np.zeros(0, np.bool_))

"""Ask a store a question: instant queries, range queries, and their results."""

from dataclasses import dataclass, field

import numpy as np

from .ast import Expr, ValueType
from .check import TYPE_NAMES, type_of
from .durations import QueryTimes
from .errors import EvalError, UnsuitableError
from .evaluate import evaluate
from .labels import LabelRows
from .numbers import quote
from .parse import parse
from .scope import Limits, Query, Scope, Value
from .select import select_range
from .storage import Labels, Selection, Storage, Times, are_histograms
from .vectors import Vector, finish

DEFAULT_LOOKBACK_MS = 300_000
MAX_STEPS = 11_000
_LATEST_MS = 2**53


@dataclass(frozen=True)
class Result:
    """The answer to a query.

    `data` holds the samples: for a vector one for each series, at the query's time; for a scalar
    one series without labels. A string is in `text`. Series of a matrix are sorted by labels, of
    a vector only as the query asks. `warnings` and `infos` are whole sentences.
    """

    type: ValueType
    data: Selection = field(default_factory=Selection.empty)
    text: str = ""
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    samples_read: int = 0

    @property
    def scalar(self) -> float:
        """The number that a scalar query gave."""
        if self.type != "scalar":
            raise TypeError(f"the result is a {self.type}")
        return float(self.data.v[0])

    def vector(self) -> dict[Labels, float]:
        """The newest value of each series (NaN for a native histogram)."""
        newest = self.data.v[self.data.starts[1:] - 1].tolist()
        return dict(zip(self.data.labels, newest, strict=True))


def instant(
    storage: Storage,
    query: str | Expr,
    at_ms: int,
    *,
    lookback_ms: int = DEFAULT_LOOKBACK_MS,
    limits: Limits | None = None,
) -> Result:
    """The value of a query at one time. Raises `ParseError` or `EvalError`."""
    expr = parse(query) if isinstance(query, str) else query
    times = QueryTimes(at_ms, at_ms, 0)
    scope = _scope(storage, times, False, lookback_ms, limits or Limits())
    if type_of(expr) == "matrix":
        return _matrix(scope, expr)
    return _result(scope, _evaluate(scope, expr))


def range_(
    storage: Storage,
    query: str | Expr,
    start_ms: int,
    end_ms: int,
    step_ms: int,
    *,
    lookback_ms: int = DEFAULT_LOOKBACK_MS,
    limits: Limits | None = None,
) -> Result:
    """The values of a query from `start_ms` to `end_ms` (inclusive). The result is a matrix.

    Raises `ParseError` or `EvalError`.
    """
    expr = parse(query) if isinstance(query, str) else query
    if (found := type_of(expr)) not in ("scalar", "vector"):
        raise UnsuitableError(
            f"invalid expression type {quote(TYPE_NAMES[found])} for range query, must be Scalar or"
            " instant Vector",
            expr.span.text,
            expr.span.start,
            expr.span.end,
        )
    if step_ms <= 0:
        raise EvalError("zero or negative query resolution step widths are not accepted")
    if end_ms < start_ms:
        raise EvalError("end timestamp must not be before start time")
    times = QueryTimes(start_ms, end_ms, step_ms)
    scope = _scope(storage, times, True, lookback_ms, limits or Limits())
    return _result(scope, _evaluate(scope, expr))


def _scope(
    storage: Storage, times: QueryTimes, is_range: bool, lookback_ms: int, limits: Limits
) -> Scope:
    if max(abs(times.start), abs(times.end)) > _LATEST_MS:
        raise EvalError("query time is out of range")
    query = Query(storage, times, is_range, lookback_ms, limits)
    count = (times.end - times.start) // times.step + 1 if is_range else 1
    query.hold(count)
    steps = times.start + max(times.step, 1) * np.arange(count, dtype=np.int64)
    return Scope(query, steps, times.step, evaluate)


def _evaluate(scope: Scope, expr: Expr) -> Value:
    try:
        with np.errstate(all="ignore"):
            value = evaluate(scope, expr)
        return finish(value) if isinstance(value, Vector) else value
    except RecursionError:
        raise EvalError("query is nested too deeply") from None


def _result(scope: Scope, value: Value) -> Result:
    is_range, times = scope.query.is_range, scope.times
    if isinstance(value, str):
        shown = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return _answer(scope, "string", Selection.empty(), shown)
    if not isinstance(value, Vector):
        data = Selection([()], np.array([0, len(times)], np.int64), times, value)
        return _answer(scope, "matrix" if is_range else "scalar", data)
    data = _shown(value, times, sort=is_range)
    return _answer(scope, "matrix" if is_range else "vector", data)


def _shown(vector: Vector, times: Times, *, sort: bool) -> Selection:
    """The samples that are present, series by series."""
    if sort:
        vector = vector.take(vector.labels.order())
    n, steps = vector.present.shape
    labels, columns = LabelRows(vector.labels), vector.labels.shared()
    if vector.h is None and vector.present.all():
        starts = steps * np.arange(n + 1, dtype=np.int64)
        return Selection(labels, starts, np.tile(times, n), vector.values.ravel(), columns=columns)
    shown = vector.present
    starts = np.concatenate([[0], np.cumsum(shown.sum(axis=1))]).astype(np.int64)
    every, values = np.broadcast_to(times, shown.shape)[shown], vector.values[shown]
    if vector.h is None:
        return Selection(labels, starts, every, values, columns=columns)
    h = vector.h[shown]
    values[are_histograms(h)] = np.nan
    return Selection(labels, starts, every, values, h, columns=columns)


def _matrix(scope: Scope, expr: Expr) -> Result:
    """The samples of a range themselves: only an instant query can ask for them."""
    try:
        with np.errstate(all="ignore"):
            given = select_range(scope, expr)
    except RecursionError:
        raise EvalError("query is nested too deeply") from None
    if given.extension:
        raise EvalError(f"{given.extension} modifier needs a function around the range vector")
    found = given.samples.selection()
    rows = np.flatnonzero(np.diff(found.starts)).tolist()
    found = found.take(sorted(rows, key=lambda row: found.labels[row]))
    if len(set(found.labels)) < len(found):
        raise EvalError("vector cannot contain metrics with the same labelset")
    return _answer(scope, "matrix", found)


def _answer(scope: Scope, kind: ValueType, data: Selection, text: str = "") -> Result:
    query = scope.query
    notes = tuple(query.warnings), tuple(query.infos)
    return Result(kind, data, text, *notes, samples_read=query.samples_read)

"""`info`: labels from info metrics such as `target_info` joined on to a vector (experimental)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from watchbill.telemetry.promql import ast
from watchbill.telemetry.promql.durations import at_ms, to_ms
from watchbill.telemetry.promql.errors import EvalError
from watchbill.telemetry.promql.labels import LabelTable, show
from watchbill.telemetry.promql.scope import Scope
from watchbill.telemetry.promql.select import select_instant, select_times
from watchbill.telemetry.promql.storage import METRIC_NAME, Labels, Matcher, labels_of
from watchbill.telemetry.promql.vectors import Vector

_IDENTIFYING = ("instance", "job")
_DEFAULT_NAME = Matcher(METRIC_NAME, "=", "target_info")
_ANY_NAME = Matcher(METRIC_NAME, "=~", ".+_info")


@dataclass(frozen=True)
class _Info:
    """Info series: their labels, when the newest sample of each was, and for which target."""

    labels: list[dict[str, str]]
    seconds: Vector
    by_target: dict[tuple[str, ...], list[int]]
    wanted: tuple[Matcher, ...]


def apply_info(scope: Scope, call: ast.Call) -> Vector:
    """The first argument with the labels of matching info series added."""
    base = scope.vector(call.args[0])
    matchers: tuple[Matcher, ...] = ()
    if len(call.args) > 1:
        selector = call.args[1]
        assert isinstance(selector, ast.VectorSelector)
        matchers = selector.matchers
    names = [matcher for matcher in matchers if matcher.name == METRIC_NAME]
    if not names:
        names = [_DEFAULT_NAME]
    elif all(matcher.op in ("!=", "!~") for matcher in names):
        names = [_ANY_NAME, *names]
    wanted = tuple(matcher for matcher in matchers if matcher.name != METRIC_NAME)
    info = _select(scope, call, base, names, wanted)
    out: dict[tuple[Labels, bool], dict[int, int]] = {}
    for row, labels in enumerate(base.labels.rows()):
        scope.query.check()
        is_info = all(matcher.matches(dict(labels).get(METRIC_NAME, "")) for matcher in names)
        for step in np.flatnonzero(base.present[row]).tolist():
            joined = labels if is_info else _join(dict(labels), info, step)
            if joined is None:
                continue
            cells = out.setdefault((joined, bool(base.drop_name[row])), {})
            if step in cells:
                raise EvalError("vector cannot contain metrics with the same labelset")
            cells[step] = row
    return _vector(scope, base, out)


def _select(
    scope: Scope,
    call: ast.Call,
    base: Vector,
    names: Sequence[Matcher],
    wanted: tuple[Matcher, ...],
) -> _Info:
    """Info series of the targets in `base`, at the times at which its selectors look."""
    at, offset = _looks_at(scope, call.args[0])
    node = ast.VectorSelector(None, (*names, *wanted), offset, at, span=call.span)
    seconds = select_times(scope, node)
    labels = [dict(row) for row in seconds.labels.rows()]
    targets = {_target(dict(row)) for row in base.labels.rows()} - {("",) * len(_IDENTIFYING)}
    by_target: dict[tuple[str, ...], list[int]] = {}
    for index, row in enumerate(labels):
        if (target := _target(row)) in targets:
            by_target.setdefault(target, []).append(index)
    _refuse_histograms(select_instant(scope, node), targets)
    return _Info(labels, seconds, by_target, wanted)


def _refuse_histograms(found: Vector, targets: set[tuple[str, ...]]) -> None:
    for row in np.flatnonzero(found.histograms.any(axis=1)).tolist():
        labels = found.labels.row(row)
        if _target(labels) in targets:
            raise EvalError(f"this should be an info metric, with float samples: {show(labels)}")


def _target(labels: dict[str, str]) -> tuple[str, ...]:
    return tuple(labels.get(name, "") for name in _IDENTIFYING)


def _join(labels: dict[str, str], info: _Info, step: int) -> Labels | None:
    """`labels` with those of the newest info series of each name.

    None where there is no such series although a matcher asks for one.
    """
    target = _target(labels)
    newest: dict[str, int] = {}
    for index in info.by_target.get(target, ()):
        if not info.seconds.present[index, step]:
            continue
        name = info.labels[index][METRIC_NAME]
        age = info.seconds.values[index, step]
        best = info.seconds.values[newest[name], step] if name in newest else -np.inf
        if age == best:
            at = round(age * 1000)
            raise EvalError(
                "found duplicate series for info metric: existing"
                f" {show(info.labels[newest[name]])} @ {at}, new {show(info.labels[index])} @ {at}"
            )
        if age > best:
            newest[name] = index
    chosen = {matcher.name for matcher in info.wanted}
    added: dict[str, str] = {}
    for index in newest.values():
        for name, value in info.labels[index].items():
            if name == METRIC_NAME or name in labels or (chosen and name not in chosen):
                continue
            if added.setdefault(name, value) != value:
                raise EvalError(f"conflicting label: {name}")
    if not newest and not all(matcher.matches("") for matcher in info.wanted):
        return None
    return labels_of({**labels, **added})


def _looks_at(scope: Scope, expr: ast.Expr) -> tuple[ast.At | None, ast.DurationExpr | None]:
    """`@` and `offset` that all selectors in `expr` have in common, none where they differ.

    Those of a subquery shift what is inside, until an `@` pins it.
    """
    found: set[tuple[int | None, int]] = set()
    for selector, around in _selectors(expr, ()):
        pinned, offset = None, 0
        nodes: tuple[ast.VectorSelector | ast.Subquery, ...] = (selector, *around)
        for node in nodes:
            offset += 0 if node.offset is None else to_ms(node.offset, scope.query.times)
            if node.at is not None:
                pinned = at_ms(node.at, scope.query.times) - offset
                offset = 0
                break
        found.add((pinned, offset))
    if len(found) != 1:
        return None, None
    pinned, offset = found.pop()
    return pinned, ast.DurationLiteral(offset / 1000, span=expr.span)


def _selectors(
    expr: ast.Expr, around: tuple[ast.Subquery, ...]
) -> Iterator[tuple[ast.VectorSelector, tuple[ast.Subquery, ...]]]:
    """Every selector, with the subqueries around it from the inside out."""
    match expr:
        case ast.VectorSelector():
            yield expr, around
        case ast.MatrixSelector(vector):
            yield vector, around
        case ast.Paren(inner) | ast.Unary(_, inner) | ast.Aggregation(_, inner):
            yield from _selectors(inner, around)
        case ast.Subquery(inner):
            yield from _selectors(inner, (expr, *around))
        case ast.Binary(_, left, right):
            yield from _selectors(left, around)
            yield from _selectors(right, around)
        case ast.Call(function, args):
            # The second argument of `info` selects nothing by itself.
            for arg in args[:1] if function == "info" else args:
                yield from _selectors(arg, around)


def _vector(scope: Scope, base: Vector, cells: dict[tuple[Labels, bool], dict[int, int]]) -> Vector:
    """Samples of `base`, taken at each step from the row that `cells` has for it."""
    labels = LabelTable.of(scope.query.symbols, [labels for labels, _ in cells])
    shape = (len(cells), len(scope.times))
    source, present = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
    for row, rows in enumerate(cells.values()):
        steps = list(rows)
        source[row, steps] = list(rows.values())
        present[row, steps] = True
    if not cells:
        return scope.empty()
    step = np.arange(len(scope.times))
    drop_name = np.array([drop for _, drop in cells], np.bool_)
    h = None if base.h is None else base.h[source, step]
    return Vector(labels, base.values[source, step], present, drop_name, h=h)

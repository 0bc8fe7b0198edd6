"""Functions about what is there: absent, scalar, vector, timestamp, and sorting."""

import re
from dataclasses import replace

import numpy as np

from watchbill.telemetry.promql import ast
from watchbill.telemetry.promql.labels import LabelTable
from watchbill.telemetry.promql.scope import Scalar, Scope
from watchbill.telemetry.promql.select import select_times
from watchbill.telemetry.promql.storage import METRIC_NAME, labels_of
from watchbill.telemetry.promql.vectors import Mask, Vector


def apply_absent(scope: Scope, call: ast.Call) -> Vector:
    """1 at every step where the argument has no sample at all."""
    inner = scope.vector(call.args[0])
    return absent_vector(scope, call.args[0], np.any(inner.present, axis=0))


def absent_vector(scope: Scope, expr: ast.Expr, present: Mask) -> Vector:
    """1 where nothing is `present` (T), labelled as `expr` says the missing would be."""
    expr = ast.unwrap(expr)
    if isinstance(expr, ast.MatrixSelector):
        expr = expr.vector
    wanted: dict[str, str] = {}
    known: set[str] = set()
    if isinstance(expr, ast.VectorSelector):
        for matcher in expr.matchers:
            if matcher.op == "=" and matcher.name not in known | {METRIC_NAME}:
                wanted[matcher.name] = matcher.value
                known.add(matcher.name)
            else:
                wanted.pop(matcher.name, None)
    labels = LabelTable.of(scope.query.symbols, [labels_of(wanted)])
    return Vector.of(labels, np.ones((1, len(present))), ~present[None, :], drop_name=False)


def apply_scalar(scope: Scope, call: ast.Call) -> Scalar:
    """The only number in a vector; NaN where there is none or more than one."""
    vector = scope.vector(call.args[0])
    if not len(vector):
        return np.full(len(scope.times), np.nan)
    single = vector.floats.sum(axis=0) == 1
    row = vector.floats.argmax(axis=0)
    return np.where(single, vector.values[row, np.arange(vector.steps)], np.nan)


def apply_vector(scope: Scope, call: ast.Call) -> Vector:
    """A scalar as a series without labels."""
    return Vector.unlabelled(scope.query.symbols, scope.scalar(call.args[0]))


def apply_timestamp(scope: Scope, call: ast.Call) -> Vector:
    """When each sample was; for anything computed, the step itself."""
    arg = ast.unwrap(call.args[0])
    if isinstance(arg, ast.VectorSelector) and arg.extension is None:
        return select_times(scope, arg)
    vector = scope.vector(arg)
    seconds = np.broadcast_to(scope.times / 1000, vector.values.shape)
    return Vector.of(vector.labels, seconds, vector.present, drop_name=True)


def apply_start_timestamp(scope: Scope, call: ast.Call) -> Vector:
    """Since when each sample counts, 0 where that is unknown; nothing for anything computed."""
    arg = ast.unwrap(call.args[0])
    if isinstance(arg, ast.VectorSelector) and arg.extension is None:
        return select_times(scope, arg, starts=True)
    scope.vector(arg)
    return scope.empty()


def apply_sort(scope: Scope, call: ast.Call) -> Vector:
    """Numbers by value, NaN last; instant queries only."""
    vector = scope.vector(call.args[0]).only_floats()
    if _ineffective(scope, call):
        return vector
    value = vector.values[:, 0]
    key = -value if call.function == "sort_desc" else value
    order = np.lexsort((np.isnan(key), np.where(np.isnan(key), np.inf, key)))
    return replace(vector.take(order), ordered=True)


def apply_sort_by_label(scope: Scope, call: ast.Call) -> Vector:
    """By labels in natural order (2 before 10), ties by all labels; instant queries only."""
    vector = scope.vector(call.args[0])
    names = [scope.text(arg) for arg in call.args[1:]]
    if _ineffective(scope, call):
        return vector
    rows = vector.labels.rows()

    def key(row: int) -> tuple[object, ...]:
        labels = dict(rows[row])
        return [_natural(labels.get(name, "")) for name in names], rows[row]

    order = sorted(range(len(rows)), key=key, reverse=call.function.endswith("_desc"))
    return replace(vector.take(np.array(order, np.int64)), ordered=True)


def _natural(text: str) -> list[tuple[int, int, str]]:
    """A sorting key in which runs of digits count as numbers, where digits stand in ASCII."""
    parts = filter(None, re.split(r"([0-9]+)", text))
    return [
        (1, int(part), "") if part.isdecimal() else (0 if part < "0" else 2, 0, part)
        for part in parts
    ]


def _ineffective(scope: Scope, call: ast.Call) -> bool:
    if scope.query.is_range:
        scope.query.warn(
            "sort is ineffective for range queries since results are always ordered by labels",
            call.span,
        )
    return scope.query.is_range

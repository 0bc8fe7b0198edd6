"""Aggregations that make one series of many: sum, avg, min, quantile, count_values and so on."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from . import ast
from .aggregate_histograms import IGNORING, sum_histograms, with_sums, without_histograms
from .errors import EvalError
from .kernels import cells
from .kernels.grouping import add_groups, extreme_of_groups
from .kernels.sums import compensated_mean, compensated_sum, doubtful
from .labels import METADATA_LABELS, Groups, LabelTable
from .native.text import describe
from .numbers import format_short, format_value, is_utf8, quote
from .scope import Scope
from .storage import METRIC_NAME, Values, are_histograms
from .vectors import Vector, count_by_group
from .windows import Index


def aggregate(scope: Scope, expr: ast.Aggregation) -> Vector:
    """The value of an aggregation that merges series."""
    vector = scope.vector(expr.inner)
    if expr.op == "count_values":
        return _count_values(scope, expr, vector)
    q = _quantile_parameter(scope, expr)
    if expr.op in IGNORING:
        vector = without_histograms(scope, expr, vector)
    if not len(vector):
        return scope.empty()
    labels = grouping(expr, vector.labels)
    groups = labels.groups()
    present = count_by_group(vector.present, groups.ids, len(groups)) > 0
    with np.errstate(all="ignore"):
        values = _values(expr.op, vector, groups, q)
    out = Vector.of(labels.take(groups.first), values, present, drop_name=False)
    if vector.h is not None and expr.op in ("sum", "avg"):
        out = with_sums(out, sum_histograms(scope, expr, vector, groups))
    if METRIC_NAME in expr.labels and not expr.without:
        np.logical_or.at(out.drop_name, groups.ids, vector.drop_name)
    return out


def grouping(expr: ast.Aggregation, labels: LabelTable) -> LabelTable:
    """The labels that decide which series belong together."""
    if expr.without:
        return labels.drop({*expr.labels, *METADATA_LABELS})
    return labels.keep(expr.labels)


def _quantile_parameter(scope: Scope, expr: ast.Aggregation) -> Values:
    if expr.parameter is None:
        return np.zeros(0)
    q = scope.scalar(expr.parameter)
    # Of all steps only the worst on either side are told, unlike with functions.
    told = (q == q.max()) & (q > 1) | (q == q.min()) & (q < 0) | np.isnan(q)
    warn_about_quantiles(scope, q[told], expr.parameter)
    return q


def warn_about_quantiles(scope: Scope, q: Values, expr: ast.Expr) -> None:
    """Annotate quantiles outside of [0, 1]."""
    for bad in np.unique(q[~((q >= 0) & (q <= 1))]).tolist():
        scope.query.warn(
            f"quantile value should be between 0 and 1, got {format_short(bad)}", expr.span
        )


def _values(op: str, vector: Vector, groups: Groups, q: Values) -> Values:
    match op:
        case "sum" | "avg":
            return _sum(vector, groups, average=op == "avg")
        case "count":
            return count_by_group(vector.present, groups.ids, len(groups)).astype(np.float64)
        case "group":
            return np.ones((len(groups), vector.steps))
        case "min" | "max":
            return _extreme(np.fmin if op == "min" else np.fmax, vector, groups)
    x, cell, sizes = _loose(vector, groups)
    shape = (len(groups), vector.steps)
    if op == "quantile":
        return cells.quantile(x, cell, sizes, np.broadcast_to(q, shape).ravel()).reshape(shape)
    variance = cells.variance(x, cell, sizes).reshape(shape)
    return np.sqrt(variance) if op == "stddev" else variance


def _loose(vector: Vector, groups: Groups) -> tuple[Values, Index, Index]:
    """Every sample with its cell, group by group and step by step, and the cells' sizes."""
    row, step = np.nonzero(vector.present)
    cell = groups.ids[row] * vector.steps + step
    sizes = np.bincount(cell, minlength=len(groups) * vector.steps)
    return vector.values[row, step], cell, sizes


def _extreme(function: np.ufunc, vector: Vector, groups: Groups) -> Values:
    if extreme_of_groups.compiled:
        best = np.full((len(groups), vector.steps), np.nan)
        extreme_of_groups(groups.ids, *_contiguous(vector), int(function is np.fmax), best)
        return best
    numbers = np.where(vector.present, vector.values, np.nan)[groups.order]
    out: Values = function.reduceat(numbers, groups.starts[:-1], axis=0)
    return out


def _sum(vector: Vector, groups: Groups, *, average: bool) -> Values:
    """Sum or mean of each group, compensated where plain sums would not do (`kernels.sums`)."""
    total, absolute, counts = _group_totals(vector, groups)
    out: Values = total / np.maximum(counts, 1) if average else total.copy()
    again = doubtful(total, absolute, counts)
    floats = vector.floats
    for group, step in np.argwhere(again).tolist():
        rows = groups.rows(group)
        cell = vector.values[rows, step][floats[rows, step]].tolist()
        if cell:
            out[group, step] = compensated_mean(cell) if average else compensated_sum(cell)
    return out


def _group_totals(vector: Vector, groups: Groups) -> tuple[Values, Values, Index]:
    """Plain sums of each group's values and of their magnitudes, and how many they are."""
    if add_groups.compiled:
        shape = (len(groups), vector.steps)
        total, absolute, counts = np.zeros(shape), np.zeros(shape), np.zeros(shape, np.int64)
        add_groups(groups.ids, *_contiguous(vector), total, absolute, counts)
        return total, absolute, counts
    shown = vector.floats[groups.order]
    numbers = np.where(shown, vector.values[groups.order], 0.0)
    starts = groups.starts[:-1]
    total = np.add.reduceat(numbers, starts, axis=0)
    absolute = total
    if not numbers.min(initial=0) >= 0:
        absolute = np.add.reduceat(np.abs(numbers), starts, axis=0)
    return total, absolute, np.add.reduceat(shown, starts, axis=0, dtype=np.int64)


def _contiguous(vector: Vector) -> tuple[Values, NDArray[np.uint8]]:
    """Values, and which of them are numbers, as kernels take them."""
    present = np.ascontiguousarray(vector.floats)
    return np.ascontiguousarray(vector.values), present.view(np.uint8)


def _count_values(scope: Scope, expr: ast.Aggregation, vector: Vector) -> Vector:
    assert expr.parameter is not None
    label = scope.text(expr.parameter)
    if not label or not is_utf8(label):
        raise EvalError(f"invalid label name {quote(label)}")
    row, step = np.nonzero(vector.present)
    distinct, which = _distinct_texts(vector, row, step)
    names = vector.labels.symbols.ids(distinct)
    # One row for every series and value that occur together, then the same labels put together.
    pairs, pair = np.unique(row * max(len(distinct), 1) + which, return_inverse=True)
    series, value = np.divmod(pairs, max(len(distinct), 1))
    labels = vector.labels.take(series).with_column(label, names[value])
    labels = grouping(replace(expr, labels=_with_label(expr, label)), labels)
    groups = labels.groups()
    scope.query.hold(len(groups) * vector.steps)
    counts = np.zeros((len(groups), vector.steps))
    np.add.at(counts, (groups.ids[pair], step), 1)
    return Vector.of(labels.take(groups.first), counts, counts > 0, drop_name=False)


def _with_label(expr: ast.Aggregation, label: str) -> tuple[str, ...]:
    """The labels of `by` or `without`; a label with the value in it is one to group by."""
    return expr.labels if expr.without else (*expr.labels, label)


def _distinct_texts(vector: Vector, row: Index, step: Index) -> tuple[list[str], Index]:
    """The samples at these places in writing, each once, and which of them stands where."""
    # Bits, because 0 and -0 are written differently.
    bits, which = np.unique(vector.values[row, step].view(np.int64), return_inverse=True)
    texts = list(map(format_value, bits.view(np.float64).tolist()))
    if vector.h is None:
        return texts, which
    h = vector.h[row, step]
    known = {text: number for number, text in enumerate(texts)}
    for place in np.flatnonzero(are_histograms(h)).tolist():
        which[place] = known.setdefault(describe(h[place]), len(known))
    return list(known), which

"""Aggregations that pick series and leave them as they are: topk, bottomk, limitk, limit_ratio."""

from dataclasses import replace

import numpy as np

from . import ast
from .aggregate import grouping
from .aggregate_histograms import IGNORING, without_histograms
from .errors import EvalError
from .label_hash import hash_labels
from .numbers import format_short
from .scope import Scope
from .storage import Labels, Values
from .vectors import Vector
from .windows import Index

_LARGEST_COUNT = 2.0**63


def choose(scope: Scope, expr: ast.Aggregation) -> Vector:
    """The value of an aggregation that picks series."""
    assert expr.parameter is not None
    vector, parameter = scope.vector(expr.inner), scope.scalar(expr.parameter)
    if expr.op == "limit_ratio":
        return _limit_ratio(scope, expr, vector, parameter)
    lowest, highest = float(parameter.min()), float(parameter.max())
    if highest < 1:
        return scope.empty()
    if np.isnan(highest):
        raise EvalError("Parameter value is NaN")
    if lowest <= -_LARGEST_COUNT:
        raise EvalError(f"Scalar value {format_short(lowest)} underflows int64")
    if highest >= _LARGEST_COUNT:
        raise EvalError(f"Scalar value {format_short(highest)} overflows int64")
    if expr.op in IGNORING:
        vector = without_histograms(scope, expr, vector)
    if not len(vector):
        return vector
    return _limit(expr, vector, np.maximum(parameter, 0).astype(np.int64))


def _limit(expr: ast.Aggregation, vector: Vector, limit: Index) -> Vector:
    """The first `limit[step]` samples of each group, by value or as they come."""
    groups = grouping(expr, vector.labels).groups()
    row, step = np.nonzero(vector.present)
    value = vector.values[row, step]
    cell = groups.ids[row] * vector.steps + step
    key = {"topk": -value, "bottomk": value}.get(expr.op, np.zeros(len(value)))
    order = np.lexsort((np.isnan(key), np.where(np.isnan(key), np.inf, key), cell))
    sizes = np.bincount(cell, minlength=len(groups) * vector.steps)
    rank = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[cell[order]]
    chosen = order[rank < limit[step[order]]]
    kept = np.zeros(vector.present.shape, np.bool_)
    kept[row[chosen], step[chosen]] = True
    if vector.steps == 1 and expr.op != "limitk":
        return replace(vector.take(row[chosen]), ordered=True)
    return vector.where(kept).without_empty()


def _limit_ratio(scope: Scope, expr: ast.Aggregation, vector: Vector, ratio: Values) -> Vector:
    """A share of the series, the same ones at every step; -r picks those that 1 - r leaves out."""
    if np.isnan(ratio).any():
        raise EvalError("Ratio value is NaN")
    for extreme, cap in ((float(ratio.max()), 1), (-float(ratio.min()), -1)):
        if extreme > 1:
            assert expr.parameter is not None
            scope.query.warn(
                "ratio value should be between -1 and 1, got"
                f" {format_short(extreme * cap)}, capping to {cap}",
                expr.parameter.span,
            )
    place = np.array([_place(labels) for labels in vector.labels.rows()])[:, None]
    limit = np.clip(ratio, -1, 1)[None, :]
    return vector.where(np.where(limit >= 0, place < limit, place >= 1 + limit))


def _place(labels: Labels) -> float:
    """A stable point in [0, 1) for a label set."""
    return hash_labels(labels) / 2.0**64

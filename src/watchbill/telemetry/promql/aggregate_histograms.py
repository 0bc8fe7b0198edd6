"""Aggregations of vectors in which some samples are native histograms."""

from dataclasses import dataclass, replace

import numpy as np

from . import ast
from .histogram import Histogram
from .labels import Groups
from .native.arithmetic import Combined, mean, total
from .native.layout import MixedSchemasError
from .native.notes import note_aggregation, warn_mixed_schemas
from .scope import Scope
from .storage import METRIC_NAME, Histograms, are_histograms
from .vectors import Mask, Vector, count_by_group

IGNORING = frozenset(("min", "max", "stddev", "stdvar", "quantile", "topk", "bottomk"))
"""Aggregations that are defined on numbers only."""


def without_histograms(scope: Scope, expr: ast.Aggregation, vector: Vector) -> Vector:
    """The numbers among the samples; leaving out a histogram is told."""
    if vector.h is None:
        return vector
    if vector.histograms.any():
        # Prometheus points at the whole where samples are picked, at the operand elsewhere.
        span = expr.span if expr.op in ("topk", "bottomk") else expr.inner.span
        scope.query.inform(f"ignored histogram in {expr.op} aggregation", span)
    return vector.only_floats()


@dataclass(frozen=True)
class Sums:
    """Sums or averages of native histograms for each group and step, and where they stand.

    `spoilt` tells where there is no result at all, since numbers and histograms met.
    """

    h: Histograms
    spoilt: Mask


def sum_histograms(scope: Scope, expr: ast.Aggregation, vector: Vector, groups: Groups) -> Sums:
    """The histograms' part of `sum` and `avg`."""
    assert vector.h is not None
    where = vector.histograms
    shape = (len(groups), vector.steps)
    counts = count_by_group(where, groups.ids, len(groups))
    spoilt = (counts > 0) & (count_by_group(vector.floats, groups.ids, len(groups)) > 0)
    if spoilt.any():
        scope.query.warn(
            "encountered a mix of histograms and floats for aggregation", expr.inner.span
        )
    h = np.full(shape, None, np.object_)
    for group, step in np.argwhere((counts > 0) & ~spoilt).tolist():
        rows = groups.rows(group)
        rows = rows[where[rows, step]]
        try:
            h[group, step] = _merged(scope, expr, vector.h[rows, step].tolist())
        except MixedSchemasError:
            spoilt[group, step] = True
            name = vector.labels.row(int(rows[0])).get(METRIC_NAME, "")
            warn_mixed_schemas(scope, name, expr.inner.span)
    return Sums(h, spoilt)


def _merged(scope: Scope, expr: ast.Aggregation, histograms: list[Histogram]) -> Histogram:
    scope.query.check()
    found: Combined = (total if expr.op == "sum" else mean)(histograms)
    note_aggregation(scope, found, expr.inner.span)
    return found.histogram


def with_sums(vector: Vector, sums: Sums) -> Vector:
    """A vector of sums of numbers, the sums of histograms put in."""
    present = (vector.present | are_histograms(sums.h)) & ~sums.spoilt
    return replace(vector, h=sums.h, present=present)

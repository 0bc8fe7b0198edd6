"""Functions of native histograms: what is told in them, and what can be guessed from them."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from watchbill.telemetry.promql import ast
from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.native import estimates
from watchbill.telemetry.promql.scope import Scope
from watchbill.telemetry.promql.storage import METRIC_NAME, Values
from watchbill.telemetry.promql.vectors import Vector, stack


def _average(histogram: Histogram) -> float:
    with np.errstate(all="ignore"):
        return float(np.float64(histogram.sum) / np.float64(histogram.count))


STATISTICS: dict[str, Callable[[Histogram], float]] = {
    "histogram_count": lambda histogram: histogram.count,
    "histogram_sum": lambda histogram: histogram.sum,
    "histogram_avg": _average,
    "histogram_stddev": lambda histogram: math.sqrt(max(estimates.variance(histogram), 0.0)),
    "histogram_stdvar": estimates.variance,
}
_WITHOUT_BUCKETS = frozenset(("histogram_count", "histogram_sum", "histogram_avg"))


def apply_statistic(scope: Scope, call: ast.Call) -> Vector:
    """One number of every histogram; samples that are plain numbers drop out."""
    if call.function in _WITHOUT_BUCKETS:
        scope = replace(scope, tells_resets=True)
    return scope.vector(call.args[0]).map_histograms(STATISTICS[call.function])


def native_quantile(scope: Scope, vector: Vector, q: Values, source: ast.Expr) -> Vector:
    """The histograms' part of `histogram_quantile`; `q` has length T."""

    def solve(histogram: Histogram, step: int, metric: str) -> float:
        found = estimates.quantile(histogram, float(q[step]))
        if math.isnan(histogram.sum) and 0 <= q[step] <= 1 and histogram.count:
            what = "is NaN" if math.isnan(found) else "is skewed higher"
            scope.query.inform(
                "input to histogram_quantile has NaN observations, result"
                f" {what}{of_metric(metric)}",
                source.span,
            )
        return found

    return _solved(scope, vector, solve)


def native_fraction(
    scope: Scope, vector: Vector, lower: Values, upper: Values, source: ast.Expr
) -> Vector:
    """The histograms' part of `histogram_fraction`; the limits have length T."""

    def solve(histogram: Histogram, step: int, metric: str) -> float:
        if math.isnan(histogram.sum) and histogram.count:
            scope.query.inform(
                "input to histogram_fraction has NaN observations, which are excluded from all"
                f" fractions{of_metric(metric)}",
                source.span,
            )
        return estimates.fraction(histogram, float(lower[step]), float(upper[step]))

    return _solved(scope, vector, solve)


def _solved(scope: Scope, vector: Vector, solve: Callable[[Histogram, int, str], float]) -> Vector:
    if vector.h is None:
        return scope.empty()
    values, present = np.zeros(vector.values.shape), vector.histograms
    names = vector.labels.texts(METRIC_NAME)
    for row, step in np.argwhere(present).tolist():
        scope.query.check()
        values[row, step] = solve(vector.h[row, step], step, names[row])
    return Vector.of(vector.labels, values, present, drop_name=True).without_empty()


def of_metric(name: str) -> str:
    """For messages."""
    return f' for metric name "{name}"' if name else ""


def without_twins(
    scope: Scope, native: Vector, classic: Vector, source: ast.Expr
) -> tuple[Vector, Vector]:
    """Native and classic histograms without those that have the same name and labels.

    `classic` has one row per histogram, without `le`, present where any bucket is.
    """
    if not len(native) or not len(classic):
        return native, classic
    groups = stack([native, classic]).labels.groups()
    native_group, classic_group = groups.ids[: len(native)], groups.ids[len(native) :]
    shape = (len(groups), native.steps)
    has_native, has_classic = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    np.logical_or.at(has_native, native_group, native.histograms)
    np.logical_or.at(has_classic, classic_group, classic.present)
    both = has_native & has_classic
    for group in np.flatnonzero(both.any(axis=1)).tolist():
        row = int(np.flatnonzero(native_group == group)[0])
        name = native.labels.row(row).get(METRIC_NAME, "")
        scope.query.warn(
            f"vector contains a mix of classic and native histograms{of_metric(name)}",
            source.span,
        )
    return native.where(~both[native_group]), classic.where(~both[classic_group])

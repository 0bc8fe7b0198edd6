"""Functions of histograms, most of it about classic ones: series with an `le` label, one for each
bucket. Native ones go their own way (`native`) and come back in the same vector.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from watchbill.telemetry.promql import ast
from watchbill.telemetry.promql.aggregate import warn_about_quantiles
from watchbill.telemetry.promql.errors import EvalError
from watchbill.telemetry.promql.kernels.buckets import bucket_fraction, bucket_quantile
from watchbill.telemetry.promql.labels import Groups, LabelTable, Rows
from watchbill.telemetry.promql.numbers import format_value, is_utf8, quote
from watchbill.telemetry.promql.scope import Scope
from watchbill.telemetry.promql.storage import METRIC_NAME, Values
from watchbill.telemetry.promql.vectors import Mask, Vector, any_by_group, stack

from .native import native_fraction, native_quantile, of_metric, without_twins
from .relabel import set_label
from .repairs import RepairNotes

_BUCKET = "le"


@dataclass(frozen=True)
class _Histograms:
    """Bucket series, their upper bounds, and which of them form one histogram.

    `native` are the native histograms of the same vector. `allowed` (histograms, T) is false where
    a native one has the same labels: there is no result then.
    """

    native: Vector
    allowed: Mask
    buckets: Vector
    bounds: Values
    labels: LabelTable
    groups: Groups


@dataclass(frozen=True)
class _Batch:
    """Histograms with the same buckets: C of them, at cells (histogram, step).

    `bounds` (B) ascend; `counts` are (B, C).
    """

    bounds: Values
    counts: Values
    histogram: Rows
    step: Rows


def apply_quantile(scope: Scope, call: ast.Call) -> Vector:
    """`histogram_quantile(q, buckets)`."""
    q = scope.scalar(call.args[0])
    warn_about_quantiles(scope, q, call.args[0])
    histograms, notes = _histograms(scope, call.args[1]), RepairNotes()
    out = _quantile(scope, histograms, q, call.args[1], notes)
    notes.tell(scope, call.args[1].span)
    return out


def apply_quantiles(scope: Scope, call: ast.Call) -> Vector:
    """`histogram_quantiles(buckets, label, q, …)`: each quantile under a label of its own."""
    histograms, label = _histograms(scope, call.args[0]), scope.text(call.args[1])
    if not label or not is_utf8(label):
        raise EvalError(f"invalid label name {quote(label)}")
    parts, notes = [scope.empty()], RepairNotes()
    for arg in call.args[2:]:
        q = scope.scalar(arg)
        warn_about_quantiles(scope, q, arg)
        part = _quantile(scope, histograms, q, call.args[0], notes)
        names = [_label_value(float(q[0]))] * len(part)
        parts.append(set_label(part, label, scope.query.symbols.ids(names)))
    notes.tell(scope, call.args[0].span)
    return stack(parts)


def _label_value(q: float) -> str:
    """A number as OpenMetrics writes it in labels: `1` is `1.0`."""
    text = format_value(q)
    return text if any(char in text for char in ".NI") else text + ".0"


def _quantile(
    scope: Scope, histograms: _Histograms, q: Values, source: ast.Expr, notes: RepairNotes
) -> Vector:
    def solve(batch: _Batch) -> Values:
        values, repairs = bucket_quantile(q[batch.step], batch.bounds, batch.counts)
        if repairs.needed.any():
            names = histograms.labels.take(batch.histogram).texts(METRIC_NAME)
            notes.add(repairs, names, scope.times[batch.step])
        return values

    native = native_quantile(scope, histograms.native, q, source)
    return stack([_solve(scope, histograms, solve), native])


def apply_fraction(scope: Scope, call: ast.Call) -> Vector:
    """`histogram_fraction(lower, upper, buckets)`."""
    lower, upper = scope.scalar(call.args[0]), scope.scalar(call.args[1])

    def solve(batch: _Batch) -> Values:
        return bucket_fraction(lower[batch.step], upper[batch.step], batch.bounds, batch.counts)

    histograms = _histograms(scope, call.args[2])
    native = native_fraction(scope, histograms.native, lower, upper, call.args[2])
    return stack([_solve(scope, histograms, solve), native])


def _solve(scope: Scope, histograms: _Histograms, solve: Callable[[_Batch], Values]) -> Vector:
    shape = (len(histograms.groups), len(scope.times))
    values, present = np.zeros(shape), np.zeros(shape, np.bool_)
    for batch in _batches(histograms):
        scope.query.check()
        with np.errstate(all="ignore"):
            values[batch.histogram, batch.step] = solve(batch)
        present[batch.histogram, batch.step] = True
    present &= histograms.allowed
    return Vector.of(histograms.labels, values, present, drop_name=True).without_empty()


def _histograms(scope: Scope, expr: ast.Expr) -> _Histograms:
    """The bucket series of a vector; others are left out, with a warning."""
    given = replace(scope, tells_resets=False).vector(expr).without_empty()
    native = given.where(given.histograms).without_empty()
    vector = given.only_floats()
    texts = vector.labels.texts(_BUCKET)
    bound_of = {text: _upper_bound(text) for text in dict.fromkeys(texts)}
    bounds = np.array([bound_of[text] for text in texts], np.float64)
    usable = ~np.isnan(bounds)
    if not usable.all():
        names = vector.labels.texts(METRIC_NAME)
        for row in np.flatnonzero(~usable).tolist():
            scope.query.warn(
                f'bucket label "le" is missing or has a malformed value of "{texts[row]}"'
                f"{of_metric(names[row])}",
                expr.span,
            )
        vector, bounds = vector.take(usable), bounds[usable]
    rest = vector.labels.drop((_BUCKET,))
    groups = rest.groups()
    labels = rest.take(groups.first)
    present = any_by_group(vector.present, groups.ids, len(groups))
    classic = Vector.of(labels, np.zeros(present.shape), present, drop_name=True)
    native, classic = without_twins(scope, native, classic, expr)
    allowed = ~present | classic.present
    return _Histograms(native, allowed, vector, bounds, labels, groups)


def _upper_bound(text: str) -> float:
    """The number in an `le` label, NaN if it is none."""
    try:
        return float(text) if text.strip() == text and "_" not in text else np.nan
    except ValueError:
        return np.nan


def _batches(histograms: _Histograms) -> Iterator[_Batch]:
    """All histograms at all steps, those with the same buckets together."""
    layouts: dict[tuple[float, ...], list[int]] = {}
    rows_of: list[Rows] = []
    for group in range(len(histograms.groups)):
        rows = histograms.groups.rows(group)
        rows_of.append(rows[np.argsort(histograms.bounds[rows], kind="stable")])
        layouts.setdefault(tuple(histograms.bounds[rows_of[-1]].tolist()), []).append(group)
    for layout, members in layouts.items():
        rows = np.array([rows_of[member] for member in members])
        counts = np.moveaxis(histograms.buckets.values[rows], 1, 0)  # (B, histograms, T)
        shown = np.moveaxis(histograms.buckets.present[rows], 1, 0)
        bounds, counts, shown = _merge_equal_bounds(np.array(layout), counts, shown)
        yield from _by_presence(bounds, counts, shown, np.array(members))


def _merge_equal_bounds(bounds: Values, counts: Values, shown: Mask) -> tuple[Values, Values, Mask]:
    """Buckets that are the same number written differently (`1` and `1.0`), added up."""
    distinct, begin = np.unique(bounds, return_index=True)
    if len(distinct) == len(bounds):
        return bounds, counts, shown
    added = np.add.reduceat(np.where(shown, counts, 0.0), begin, axis=0)
    return distinct, added, np.logical_or.reduceat(shown, begin, axis=0)


def _by_presence(bounds: Values, counts: Values, shown: Mask, members: Rows) -> Iterator[_Batch]:
    """Batches of histograms with the same buckets present; there is seldom more than one."""
    if shown.all():
        patterns, which = np.ones((1, len(bounds)), np.bool_), np.zeros(shown[0].shape, np.int64)
    else:
        flat = shown.reshape(len(bounds), -1).T
        patterns, inverse = np.unique(flat, axis=0, return_inverse=True)
        which = inverse.reshape(shown[0].shape)
    for number, pattern in enumerate(patterns):
        if pattern.any():
            member, step = np.nonzero(which == number)
            chosen = counts[pattern][:, member, step]
            yield _Batch(bounds[pattern], chosen, members[member], step)

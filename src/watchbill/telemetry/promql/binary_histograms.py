"""Binary operators where a native histogram is on one side or on both."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from . import ast
from .histogram import Histogram
from .native.arithmetic import difference, divided, equal, scaled, total
from .native.layout import MixedSchemasError, compact
from .native.notes import note_operation
from .native.trim import trimmed
from .operators import OPERATORS
from .scope import Scope
from .storage import Histograms, Values
from .vectors import Mask, Vector

Sample = float | Histogram


@dataclass(frozen=True)
class Outcome:
    """Samples of an operation, (n, T). `kept` is false where a comparison does not hold."""

    values: Values
    h: Histograms
    present: Mask
    kept: Mask


def operate(scope: Scope, expr: ast.Binary, left: Vector, right: Vector, met: Mask) -> Outcome:
    """`left op right` cell by cell wherever both have a sample (`met`).

    Comparisons give 1 or 0 in `kept`; what they show is for the caller to choose.
    """
    shape = met.shape
    values, kept = np.zeros(shape), np.zeros(shape, np.bool_)
    h = np.full(shape, None, np.object_)
    touched = left.histograms | right.histograms
    floats = met & ~touched
    if expr.op in OPERATORS:
        with np.errstate(all="ignore"):
            result = np.broadcast_to(OPERATORS[expr.op](left.values, right.values), shape)
        values[floats] = result[floats].astype(np.float64)
        kept[floats] = result[floats] if expr.op in ast.COMPARISONS else True
        present = floats.copy()
    else:
        present = np.zeros(shape, np.bool_)
        if floats.any():
            _inform(scope, expr, 0.0, 0.0)
    for cell, one, other in _cells(left, right, met & touched):
        found = _single(scope, expr, one, other)
        if found is None:
            continue
        present[cell], kept[cell] = True, found is not False
        if isinstance(found, Histogram):
            h[cell] = found
        else:
            values[cell] = float(found)
    return Outcome(values, h, present, kept)


def _cells(
    left: Vector, right: Vector, where: Mask
) -> Iterator[tuple[tuple[int, int], Sample, Sample]]:
    for i, j in np.argwhere(where).tolist():
        yield (i, j), _sample(left, i, j), _sample(right, i, j)


def _sample(vector: Vector, row: int, step: int) -> Sample:
    histogram = None if vector.h is None else vector.h[row, step]
    return float(vector.values[row, step]) if histogram is None else histogram


def _single(scope: Scope, expr: ast.Binary, left: Sample, right: Sample) -> Histogram | bool | None:
    """One result: a histogram, whether a comparison holds, or None (which has been told)."""
    scope.query.check()
    match expr.op, left, right:
        case "*", Histogram(), float():
            return scaled(left, right)
        case "*", float(), Histogram():
            return scaled(right, left)
        case "/", Histogram(), float():
            return divided(left, right)
        case "</" | ">/", Histogram(), float():
            return compact(trimmed(left, right, keep_below=expr.op == "</"))
        case "==" | "!=", Histogram(), Histogram():
            return equal(left, right) == (expr.op == "==")
        case "+" | "-", Histogram(), Histogram():
            return _sum_or_difference(scope, expr, left, right)
    _inform(scope, expr, left, right)
    return None


def _sum_or_difference(
    scope: Scope, expr: ast.Binary, left: Histogram, right: Histogram
) -> Histogram | None:
    try:
        found = total([left, right]) if expr.op == "+" else difference(left, right)
    except MixedSchemasError:
        scope.query.warn(
            f"incompatible bucket layout encountered for binary operator {expr.op}", expr.span
        )
        return None
    note_operation(scope, found, "addition" if expr.op == "+" else "subtraction", expr.span)
    return found.histogram


def _inform(scope: Scope, expr: ast.Binary, left: Sample, right: Sample) -> None:
    """Tell that the operator is not defined on these."""
    one, other = ("histogram" if isinstance(side, Histogram) else "float" for side in (left, right))
    scope.query.inform(
        f'incompatible sample types encountered for binary operator "{expr.op}":'
        f" {one} {expr.op} {other}",
        expr.span,
    )

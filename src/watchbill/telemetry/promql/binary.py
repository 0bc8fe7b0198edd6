"""Binary expressions with a scalar on either side; two vectors meet in `matching`."""

from dataclasses import replace

import numpy as np

from . import ast
from .binary_histograms import operate
from .errors import EvalError
from .matching import combine_sets, match_vectors
from .native.arithmetic import scaled
from .operators import OPERATORS
from .scope import Scalar, Scope, Value
from .vectors import Vector


def evaluate_binary(scope: Scope, expr: ast.Binary, left: Value, right: Value) -> Value:
    """The value of `left op right`, whose sides are known already."""
    assert not isinstance(left, str)
    assert not isinstance(right, str)
    scope.query.check()
    with np.errstate(all="ignore"):
        if isinstance(left, Vector) and isinstance(right, Vector):
            if expr.op in ast.SET_OPERATORS:
                return combine_sets(expr, left, right)
            return match_vectors(scope, expr, left, right)
        if isinstance(left, Vector):
            return _with_scalar(scope, expr, left, right, swapped=False)
        if isinstance(right, Vector):
            return _with_scalar(scope, expr, right, left, swapped=True)
        if expr.op in ast.HISTOGRAM_TRIMS:
            raise EvalError(f'operator "{expr.op}" not allowed for Scalar operations')
        result: Scalar = OPERATORS[expr.op](left, right).astype(np.float64)
        return result


def _with_scalar(
    scope: Scope, expr: ast.Binary, vector: Vector, scalar: Value, *, swapped: bool
) -> Vector:
    """A vector on one side, a scalar on the other: on the left when `swapped`."""
    if vector.h is not None or expr.op in ast.HISTOGRAM_TRIMS:
        return _histograms_with_scalar(scope, expr, vector, scalar, swapped=swapped)
    left, right = (scalar, vector.values) if swapped else (vector.values, scalar)
    result = OPERATORS[expr.op](left, right)
    if expr.op in ast.COMPARISONS and not expr.returns_bool:
        return vector.where(result)
    changed = replace(vector, values=result.astype(np.float64), ordered=False)
    return replace(changed, drop_name=np.ones(len(vector), np.bool_))


def _histograms_with_scalar(
    scope: Scope, expr: ast.Binary, vector: Vector, scalar: Value, *, swapped: bool
) -> Vector:
    numbers = np.broadcast_to(np.asarray(scalar, np.float64), vector.values.shape)
    constant = replace(vector, values=numbers, h=None)
    left, right = (constant, vector) if swapped else (vector, constant)
    found = operate(scope, expr, left, right, vector.present)
    if expr.op in ast.COMPARISONS and not expr.returns_bool:
        return vector.where(found.present & found.kept)
    changed = replace(vector, values=found.values, h=found.h, present=found.present)
    if expr.op in ast.HISTOGRAM_TRIMS:
        return replace(changed, ordered=False)
    return replace(changed, ordered=False, drop_name=np.ones(len(vector), np.bool_))


def negate(vector: Vector) -> Vector:
    """`-vector`: it measures something else then, and its histograms are gauges."""
    negative = vector.map(np.negative)
    if vector.h is None:
        return negative
    h = np.full(vector.h.shape, None, np.object_)
    where = vector.histograms
    h[where] = [scaled(histogram, -1.0) for histogram in vector.h[where]]
    return replace(negative, h=h, present=vector.present)

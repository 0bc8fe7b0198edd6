"""Binary expressions with a scalar on either side; two vectors meet in `matching`."""

from dataclasses import replace

import numpy as np

from . import ast
from .matching import combine_sets, match_vectors
from .operators import OPERATORS
from .scope import Scalar, Scope, Value
from .vectors import Vector


def evaluate_binary(scope: Scope, expr: ast.Binary, left: Value, right: Value) -> Value:
    """The value of `left op right`, whose sides are known already."""
    assert not isinstance(left, str)
    assert not isinstance(right, str)
    scope.query.check()
    if expr.op in ast.HISTOGRAM_TRIMS:
        # Trimming is defined on native histograms only; samples that are floats drop out.
        return scope.empty()
    with np.errstate(all="ignore"):
        if isinstance(left, Vector) and isinstance(right, Vector):
            if expr.op in ast.SET_OPERATORS:
                return combine_sets(expr, left, right)
            return match_vectors(scope, expr, left, right)
        if isinstance(left, Vector):
            return _with_scalar(expr, left, left.values, right)
        if isinstance(right, Vector):
            return _with_scalar(expr, right, left, right.values)
        result: Scalar = OPERATORS[expr.op](left, right).astype(np.float64)
        return result


def _with_scalar(expr: ast.Binary, vector: Vector, left: Value, right: Value) -> Vector:
    """A vector on one side, a scalar on the other; `left` and `right` are their numbers."""
    result = OPERATORS[expr.op](left, right)
    if expr.op in ast.COMPARISONS and not expr.returns_bool:
        return vector.where(result)
    changed = replace(vector, values=result.astype(np.float64), ordered=False)
    return replace(changed, drop_name=np.ones(len(vector), np.bool_))

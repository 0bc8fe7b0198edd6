"""From a node of the syntax tree to its value."""

from dataclasses import replace

import numpy as np

from . import ast
from .aggregate import aggregate
from .binary import evaluate_binary, negate
from .choose import choose
from .errors import EvalError
from .functions.registry import FUNCTIONS
from .scope import Scope, Value
from .select import select_instant
from .vectors import Vector

_CHOOSING = frozenset(("topk", "bottomk", "limitk", "limit_ratio"))


def evaluate(scope: Scope, expr: ast.Expr) -> Value:
    """The value of `expr` at every step of `scope`. A range vector has none by itself."""
    match expr:
        case ast.Number(number):
            return np.full(len(scope.times), number)
        case ast.String(text):
            return text
        case ast.Paren(inner):
            return evaluate(scope, inner)
        case ast.VectorSelector():
            return select_instant(scope, expr)
        case ast.Unary(op, inner):
            value = evaluate(scope, inner)
            assert not isinstance(value, str)
            if op == "+":
                return value
            return negate(value) if isinstance(value, Vector) else -value
        case ast.Binary():
            return _binary(scope, expr)
        case ast.Aggregation(op) if op in _CHOOSING:
            return choose(scope, expr)
        case ast.Aggregation():
            return aggregate(scope, expr)
        case ast.Call(function):
            return FUNCTIONS[function](scope, expr)
        case ast.MatrixSelector() | ast.Subquery():
            raise EvalError("a range vector cannot be evaluated at a step")


def _binary(scope: Scope, expr: ast.Binary) -> Value:
    """Walks down the left side by loop: chains like `a or b or …` may be long."""
    # Operators look at buckets, so a function around them cannot do without.
    scope = replace(scope, tells_resets=False) if scope.tells_resets else scope
    chain: list[ast.Binary] = []
    left: ast.Expr = expr
    while isinstance(left, ast.Binary):
        chain.append(left)
        left = left.left
    value = evaluate(scope, left)
    for node in reversed(chain):
        value = evaluate_binary(scope, node, value, evaluate(scope, node.right))
    return value

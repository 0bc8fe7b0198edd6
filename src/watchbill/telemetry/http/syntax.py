"""The syntax of queries: `format_query`, and `parse_query` with Prometheus's names for the nodes.

https://prometheus.io/docs/prometheus/latest/querying/api/#parsing-a-promql-expressions-into-a-abstract-syntax-tree-ast
"""

from collections.abc import Iterator, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from watchbill.telemetry.http.answers import ApiError, Parameters, success
from watchbill.telemetry.promql import ast
from watchbill.telemetry.promql.ast import DurationExpr, Expr
from watchbill.telemetry.promql.check import type_of
from watchbill.telemetry.promql.errors import ParseError
from watchbill.telemetry.promql.format import format_query
from watchbill.telemetry.promql.numbers import format_value
from watchbill.telemetry.promql.parse import parse
from watchbill.telemetry.promql.signatures import SIGNATURES
from watchbill.telemetry.promql.storage import Matcher

Node = dict[str, Any]


def routes() -> list[Route]:
    """`format_query` and `parse_query`."""

    async def formatted(request: Request) -> Response:
        return success(format_query(await _query(request)))

    async def parsed(request: Request) -> Response:
        return success(tree(await _query(request)))

    return [
        Route("/api/v1/format_query", formatted, methods=["GET", "POST"]),
        Route("/api/v1/parse_query", parsed, methods=["GET", "POST"]),
    ]


async def _query(request: Request) -> Expr:
    return parse_parameter((await Parameters.of(request)).get("query") or "")


def parse_parameter(text: str) -> Expr:
    """The syntax tree of the parameter `query`. Raises `ApiError`."""
    try:
        return parse(text)
    except ParseError as error:
        raise ApiError("bad_data", f'invalid parameter "query": {error}') from error


def selectors(expr: Expr) -> Iterator[Sequence[Matcher]]:
    """The matchers of every selector in a query."""
    match expr:
        case ast.VectorSelector(_, matchers):
            yield matchers
        case ast.MatrixSelector(vector):
            yield vector.matchers
        case ast.Subquery(inner) | ast.Paren(inner) | ast.Unary(_, inner):
            yield from selectors(inner)
        case ast.Binary(_, left, right):
            yield from selectors(left)
            yield from selectors(right)
        case ast.Aggregation():
            yield from selectors(expr.inner)
            if expr.parameter is not None:
                yield from selectors(expr.parameter)
        case ast.Call(_, args):
            for arg in args:
                yield from selectors(arg)
        case ast.Number() | ast.String():
            pass


def tree(expr: Expr) -> Node:
    """The tree of a query as JSON. A duration that is known only when it runs is 0 there."""
    match expr:
        case ast.Number(value):
            return {"type": "numberLiteral", "val": format_value(value)}
        case ast.String(text):
            return {"type": "stringLiteral", "val": text}
        case ast.Paren(inner):
            return {"type": "parenExpr", "expr": tree(inner)}
        case ast.Unary(op, inner):
            return {"type": "unaryExpr", "op": op, "expr": tree(inner)}
        case ast.VectorSelector():
            return {"type": "vectorSelector", **_selector(expr)}
        case ast.MatrixSelector(vector, duration):
            return {"type": "matrixSelector", **_selector(vector), "range": _ms(duration)}
        case ast.Subquery(inner, duration):
            return {
                "type": "subquery", "expr": tree(inner),
                "range": _ms(duration), "step": _ms(expr.step), **_shift(expr),
            }  # fmt: skip
        case ast.Binary():
            return _binary(expr)
        case ast.Aggregation():
            return {
                "type": "aggregation", "op": expr.op, "expr": tree(expr.inner),
                "param": None if expr.parameter is None else tree(expr.parameter),
                "grouping": list(expr.labels), "without": expr.without,
            }  # fmt: skip
        case ast.Call(function, args):
            return {"type": "call", "func": _function(function), "args": [tree(a) for a in args]}


def _binary(expr: ast.Binary) -> Node:
    matching = expr.matching
    card = {"left": "many-to-one", "right": "one-to-many", None: "one-to-one"}[matching.group]
    if expr.op in ast.SET_OPERATORS:
        card = "many-to-many"
    between_vectors = type_of(expr.left) == type_of(expr.right) == "vector"
    return {
        "type": "binaryExpr", "op": expr.op, "bool": expr.returns_bool,
        "lhs": tree(expr.left), "rhs": tree(expr.right),
        "matching": None if not between_vectors else {
            "card": card, "on": matching.on,
            "labels": list(matching.labels), "include": list(matching.include),
            "fillValues": {"lhs": matching.fill_left, "rhs": matching.fill_right},
        },
    }  # fmt: skip


def _function(name: str) -> Node:
    signature = SIGNATURES[name]
    optional = len(signature.args) - signature.required
    return {
        "name": name,
        "argTypes": list(signature.args),
        "variadic": -1 if signature.variadic else optional,
        "returnType": signature.returns,
    }


def _selector(expr: ast.VectorSelector) -> Node:
    return {
        "name": expr.name or "",
        "matchers": [{"name": m.name, "type": m.op, "value": m.value} for m in expr.matchers],
        "anchored": expr.extension == "anchored", "smoothed": expr.extension == "smoothed",
        **_shift(expr),
    }  # fmt: skip


def _shift(expr: ast.VectorSelector | ast.Subquery) -> Node:
    at = expr.at
    return {
        "offset": _ms(expr.offset),
        "timestamp": at if isinstance(at, int) else None,
        "startOrEnd": at if isinstance(at, str) else None,
    }


def _ms(expr: DurationExpr | None) -> int:
    match expr:
        case ast.DurationLiteral(seconds):
            return round(seconds * 1000)
        case ast.DurationParen(inner):
            return _ms(inner)
        case ast.DurationUnary("-", inner):
            return -_ms(inner)
        case ast.DurationUnary(_, inner):
            return _ms(inner)
        case _:
            return 0

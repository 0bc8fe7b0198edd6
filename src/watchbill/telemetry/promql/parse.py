"""Tokens to a syntax tree: a Pratt parser for the grammar of Prometheus 3.

Covers the classic language and the newer parts: quoted UTF-8 names, durations as numbers,
duration expressions, `fill` modifiers, `anchored` and `smoothed`.
"""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from . import ast, features
from .ast import PRECEDENCE, Expr, Span
from .check import check
from .features import refuse_others
from .lexer import TokenStream
from .numbers import quote
from .parse_duration import literal_seconds, offset_duration, range_duration
from .parse_selector import label_names, selector, string_value
from .signatures import SIGNATURES

_LATEST_SECONDS = 2**53 / 1000
_TIGHTEST = PRECEDENCE["^"]
_NOT_FUNCTIONS = {
    "or", "and", "unless", "atan2", "offset", "by", "without", "on", "ignoring", "group_left",
    "group_right", "bool", "inf", "nan", "anchored", "smoothed", "fill", "fill_left", "fill_right",
}  # fmt: skip


def parse(text: str, features: Iterable[str] = features.ALL) -> Expr:
    """The syntax tree of a query, checked for types. Raises `ParseError` with a position.

    What is experimental in Prometheus is only understood if it belongs to one of the `features`.
    """
    try:
        stream = TokenStream(text)
        if stream.is_empty():
            raise stream.current.span.error("no expression found in input")
        expr = _expression(stream, 0)
        if not stream.is_empty():
            raise stream.unexpected("query")
        check(expr)
        refuse_others(expr, features)
    except RecursionError:
        raise Span(0, len(text), text).error("query is nested too deeply") from None
    return expr


def parse_selector(text: str) -> ast.VectorSelector:
    """A bare series selector, such as a `match[]` parameter holds."""
    expr = parse(text)
    if not isinstance(expr, ast.VectorSelector) or expr.offset or expr.at is not None:
        raise expr.span.error("expected a series selector")
    return expr


def _expression(stream: TokenStream, floor: int) -> Expr:
    """An expression whose operators all bind at least as tightly as `floor`."""
    left = _unary(stream)
    while (op := stream.current.word) in PRECEDENCE and PRECEDENCE[op] >= floor:
        stream.take()
        returns_bool, matching = _modifiers(stream, op)
        level = PRECEDENCE[op]
        right = _expression(stream, level if op == "^" else level + 1)
        left = ast.Binary(op, left, right, returns_bool, matching, span=left.span.to(right.span))
    return left


def _modifiers(stream: TokenStream, op: str) -> tuple[bool, ast.Matching]:
    """What may stand between a binary operator and its right side."""
    returns_bool = False
    if stream.at("bool"):
        if op not in ast.COMPARISONS:
            raise stream.current.span.error(
                "bool modifier can only be used on comparison operators"
            )
        stream.take()
        returns_bool = True
    matching = ast.Matching()
    start = stream.current.span
    if stream.at("on", "ignoring"):
        on = stream.take().word == "on"
        matching = ast.Matching(on=on, labels=label_names(stream))
        if stream.at("group_left", "group_right"):
            matching = _group(stream, matching)
    matching = _fills(stream, matching)
    if op in ast.SET_OPERATORS:
        if matching.group:
            raise start.to(stream.last).error(f"no grouping allowed for {quote(op)} operation")
        if matching.fills:
            raise start.to(stream.last).error(
                "filling in missing series not allowed for set operators"
            )
    return returns_bool, matching


def _group(stream: TokenStream, matching: ast.Matching) -> ast.Matching:
    keyword = stream.take()
    side: Literal["left", "right"] = "left" if keyword.word == "group_left" else "right"
    include = label_names(stream) if stream.at("(") else ()
    both = set(include) & set(matching.labels) if matching.on else set()
    if both:
        raise keyword.span.to(stream.last).error(
            f"label {quote(min(both))} must not occur in ON and GROUP clause at once"
        )
    return replace(matching, group=side, include=include)


def _fills(stream: TokenStream, matching: ast.Matching) -> ast.Matching:
    while stream.at("fill", "fill_left", "fill_right") and stream.following.word == "(":
        side = stream.take().word
        stream.expect("(", "fill modifier")
        value = _signed_number(stream, "fill modifier")
        stream.expect(")", "fill modifier")
        if side != "fill_right":
            matching = replace(matching, fill_left=value)
        if side != "fill_left":
            matching = replace(matching, fill_right=value)
    return matching


def _signed_number(stream: TokenStream, where: str) -> float:
    negative = False
    while stream.at("+", "-"):
        negative ^= stream.take().text == "-"
    token = stream.current
    if token.kind not in ("number", "duration") and token.word not in ("inf", "nan"):
        raise stream.unexpected(where, "a number")
    stream.take()
    value = literal_seconds(token.text, token.span)
    return _negated(value) if negative else value


def _negated(value: float) -> float:
    """`-value`, but the one NaN that syntax trees hold, so that equal queries compare equal."""
    return math.nan if math.isnan(value) else -value


def _unary(stream: TokenStream) -> Expr:
    if not stream.at("+", "-"):
        return _postfix(stream, _primary(stream))
    sign = stream.take()
    inner = _expression(stream, _TIGHTEST)
    span = sign.span.to(inner.span)
    if isinstance(inner, ast.Number):
        value = _negated(inner.value) if sign.text == "-" else inner.value
        return replace(inner, value=value, span=span)
    return ast.Unary(sign.text, inner, span=span)


def _postfix(stream: TokenStream, expr: Expr) -> Expr:
    """Ranges and modifiers behind an operand."""
    while True:
        match stream.current.word:
            case "[":
                expr = _range(stream, expr)
            case "offset":
                expr = _offset(stream, expr)
            case "@":
                expr = _at(stream, expr)
            case "anchored" | "smoothed" as word if isinstance(
                expr, ast.VectorSelector | ast.MatrixSelector
            ):
                span = expr.span.to(stream.take().span)
                expr = _set_on_selector(expr, span, extension=word)
            case _:
                return expr


def _range(stream: TokenStream, expr: Expr) -> Expr:
    stream.take()
    duration = range_duration(stream)
    if stream.accept(":"):
        step = None if stream.at("]") else range_duration(stream)
        stream.expect("]", "subquery selector")
        return ast.Subquery(expr, duration, step, span=expr.span.to(stream.last))
    stream.expect("]", "range selector")
    span = expr.span.to(stream.last)
    if not isinstance(expr, ast.VectorSelector):
        raise span.error("ranges only allowed for vector selectors")
    if expr.offset is not None or expr.at is not None:
        name = "offset" if expr.offset is not None else "@"
        raise span.error(f"no {name} modifiers allowed before range")
    return ast.MatrixSelector(expr, duration, span=span)


def _offset(stream: TokenStream, expr: Expr) -> Expr:
    keyword = stream.take().span
    offset = offset_duration(stream)
    target = _modified(expr, "offset modifier", keyword)
    if target.offset is not None:
        raise keyword.to(stream.last).error("offset may not be set multiple times")
    return _set_on_selector(expr, expr.span.to(stream.last), offset=offset)


def _at(stream: TokenStream, expr: Expr) -> Expr:
    keyword = stream.take().span
    at: ast.At
    if stream.at("start", "end"):
        at = "start" if stream.take().word == "start" else "end"
        stream.expect("(", "@ modifier")
        stream.expect(")", "@ modifier")
    else:
        seconds = _signed_number(stream, "@ modifier")
        if not abs(seconds) < _LATEST_SECONDS:
            raise keyword.to(stream.last).error("timestamp out of bounds for @ modifier")
        at = round(seconds * 1000)
    target = _modified(expr, "@ modifier", keyword)
    if target.at is not None:
        raise keyword.to(stream.last).error("@ <timestamp> may not be set multiple times")
    return _set_on_selector(expr, expr.span.to(stream.last), at=at)


def _modified(expr: Expr, modifier: str, at: Span) -> ast.VectorSelector | ast.Subquery:
    """The node that carries the modifiers of `expr`."""
    if isinstance(expr, ast.MatrixSelector):
        return expr.vector
    if isinstance(expr, ast.VectorSelector | ast.Subquery):
        return expr
    raise at.error(
        f"{modifier} must be preceded by an instant vector selector or range vector selector"
        " or a subquery"
    )


def _set_on_selector(expr: Expr, span: Span, **changes: object) -> Expr:
    """`expr` with a modifier that was found behind it."""
    if isinstance(expr, ast.MatrixSelector):
        return replace(expr, vector=replace(expr.vector, **changes), span=span)  # type: ignore[arg-type]
    assert isinstance(expr, ast.VectorSelector | ast.Subquery)
    return replace(expr, **changes, span=span)  # type: ignore[arg-type]


def _primary(stream: TokenStream) -> Expr:
    token = stream.current
    match token.kind:
        case "number" | "duration":
            stream.take()
            value = literal_seconds(token.text, token.span)
            return ast.Number(value, token.kind == "duration", span=token.span)
        case "string":
            stream.take()
            return ast.String(string_value(token), span=token.span)
        case "identifier":
            return _named(stream)
    if stream.accept("("):
        inner = _expression(stream, 0)
        stream.expect(")", "parenthesized expression")
        return ast.Paren(inner, span=token.span.to(stream.last))
    if token.word == "{":
        return selector(stream)
    raise stream.unexpected("expression")


def _named(stream: TokenStream) -> Expr:
    """Something that starts with a word: aggregation, call, number or selector."""
    token, after = stream.current, stream.following.word
    word = token.text.lower()
    if word in ast.AGGREGATIONS and after in ("(", "by", "without"):
        return _aggregation(stream)
    if after == "(" and word not in _NOT_FUNCTIONS:
        return _call(stream)
    if word in ("inf", "nan") and after != "{":
        stream.take()
        return ast.Number(math.inf if word == "inf" else math.nan, span=token.span)
    return selector(stream)


def _call(stream: TokenStream) -> Expr:
    name = stream.take()
    if name.text not in SIGNATURES:
        raise name.span.error(f"unknown function with name {quote(name.text)}")
    args = _arguments(stream)
    return ast.Call(name.text, args, span=name.span.to(stream.last))


def _arguments(stream: TokenStream) -> tuple[Expr, ...]:
    stream.expect("(", "call")
    where = "function call args"
    return tuple(_expression(stream, 0) for _ in stream.separated(")", where, trailing=False))


def _aggregation(stream: TokenStream) -> Expr:
    op = stream.take()
    labels, without = _grouping(stream) or ((), None)
    args = _arguments(stream)
    if without is None:
        labels, without = _grouping(stream) or ((), None)
    span = op.span.to(stream.last)
    name = op.text.lower()
    wanted = 2 if name in ast.PARAMETRIC_AGGREGATIONS else 1
    if len(args) != wanted:
        raise span.error(
            "wrong number of arguments for aggregate expression provided, "
            f"expected {wanted}, got {len(args)}"
        )
    parameter = args[0] if wanted == 2 else None
    return ast.Aggregation(name, args[-1], parameter, labels, bool(without), span=span)


def _grouping(stream: TokenStream) -> tuple[tuple[str, ...], bool] | None:
    if not stream.at("by", "without"):
        return None
    without = stream.take().word == "without"
    return label_names(stream), without

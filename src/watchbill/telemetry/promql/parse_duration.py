"""The grammar of durations: what stands inside `[…]` and behind `offset`."""

from . import ast
from .ast import PRECEDENCE, DurationExpr
from .durations import parse_duration
from .lexer import TokenStream
from .numbers import parse_number, quote

_WHERE = "duration expression"
_TIGHTEST = PRECEDENCE["^"]
_FUNCTIONS = {"step": 0, "range": 0, "min": 2, "max": 2, "min_of": 2, "max_of": 2}


def range_duration(stream: TokenStream) -> DurationExpr:
    """Any duration expression, as inside brackets."""
    return _binary(stream, 0)


def offset_duration(stream: TokenStream) -> DurationExpr:
    """A signed operand: arithmetic behind `offset` needs parentheses."""
    return _operand(stream)


def _binary(stream: TokenStream, floor: int) -> DurationExpr:
    left = _unary(stream)
    while (op := stream.current.word) in ("+", "-", "*", "/", "%", "^"):
        level = PRECEDENCE[op]
        if level < floor:
            break
        stream.take()
        right = _binary(stream, level if op == "^" else level + 1)
        left = ast.DurationBinary(op, left, right, span=left.span.to(right.span))
    return left


def _unary(stream: TokenStream) -> DurationExpr:
    if not stream.at("+", "-"):
        return _operand(stream)
    sign = stream.take()
    inner = _binary(stream, _TIGHTEST)
    return _signed(sign.text, inner, sign.span.to(inner.span))


def _signed(sign: str, inner: DurationExpr, span: ast.Span) -> DurationExpr:
    if isinstance(inner, ast.DurationLiteral):
        return ast.DurationLiteral(-inner.seconds if sign == "-" else inner.seconds, span=span)
    return ast.DurationUnary(sign, inner, span=span)


def _operand(stream: TokenStream) -> DurationExpr:
    token = stream.current
    if stream.at("+", "-"):
        stream.take()
        inner = _operand(stream)
        return _signed(token.text, inner, token.span.to(inner.span))
    if token.kind in ("number", "duration"):
        stream.take()
        return ast.DurationLiteral(literal_seconds(token.text, token.span), span=token.span)
    if stream.accept("("):
        inner = _binary(stream, 0)
        stream.expect(")", _WHERE)
        return ast.DurationParen(inner, span=token.span.to(stream.last))
    if token.word in _FUNCTIONS:
        return _call(stream, token.word)
    raise stream.unexpected(_WHERE, "number, duration, step() or range()")


def _call(stream: TokenStream, function: str) -> DurationExpr:
    start = stream.take().span
    stream.expect("(", _WHERE)
    args = tuple(_binary(stream, 0) for _ in stream.separated(")", _WHERE, trailing=False))
    span = start.to(stream.last)
    if len(args) != _FUNCTIONS[function]:
        raise span.error(
            f"expected {_FUNCTIONS[function]} argument(s) in call to {quote(function)},"
            f" got {len(args)}"
        )
    return ast.DurationCall(function, args, span=span)


def literal_seconds(text: str, span: ast.Span) -> float:
    """Seconds of a literal that is a number or a duration."""
    try:
        if text[-1] in "smhdwy" and text[0].isdigit() and text[:2].lower() not in ("0x", "0b"):
            return parse_duration(text) / 1000
        return parse_number(text)
    except ValueError as error:
        raise span.error(str(error)) from None

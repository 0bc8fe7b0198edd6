"""The grammar of log queries: a stream selector and the stages of its pipeline."""

import math
from collections.abc import Callable, Iterator
from typing import Literal, TypeVar, cast

from watchbill.telemetry.logs.logql.entry import Stage
from watchbill.telemetry.logs.logql.extract import Json, Logfmt, Pattern, Regexp, Unpack
from watchbill.telemetry.logs.logql.label_filter import (
    COMPARISONS,
    Any,
    Compares,
    Condition,
    Every,
    InNetwork,
    LabelFilter,
    TextIs,
    Unit,
)
from watchbill.telemetry.logs.logql.lexer import Token, Tokens
from watchbill.telemetry.logs.logql.line_filter import FilterOp, LineFilter
from watchbill.telemetry.logs.logql.rewrite import (
    Decolorize,
    Drop,
    Keep,
    LabelFormat,
    LineFormat,
    Picked,
)
from watchbill.telemetry.logs.logql.template import Template
from watchbill.telemetry.logs.logql.units import parse_duration, parse_size
from watchbill.telemetry.promql.storage import Matcher, MatchOp

T = TypeVar("T")

LINE_FILTERS = ("|=", "!=", "|~", "!~")
_MATCHERS = ("=", "!=", "=~", "!~")


def selector(tokens: Tokens) -> tuple[Matcher, ...]:
    """`{name="value", …}`: at least one matcher must not match the empty value."""
    start = tokens.current
    tokens.expect("{")
    found: list[Matcher] = []
    while not tokens.accept("}"):
        found.append(_matcher(tokens, tokens.identifier()))
        if not tokens.at("}"):
            tokens.expect(",")
    if not found or all(one.matches("") for one in found):
        raise tokens.error(
            "queries require at least one regexp or equality matcher that does not have an "
            "empty-compatible value. For instance, app=~\".*\" does not meet this requirement, "
            'but app=~".+" will',
            start,
        )  # fmt: skip
    return tuple(found)


def _matcher(tokens: Tokens, name: str) -> Matcher:
    if not tokens.at(*_MATCHERS):
        raise tokens.unexpected("one of = != =~ !~")
    op = cast("MatchOp", tokens.take().text)
    at = tokens.current
    value = tokens.string()
    return _made(tokens, at, lambda: Matcher(name, op, value))


def stages(tokens: Tokens) -> Iterator[Stage]:
    """Stages, as long as there are some; stops before `| unwrap`."""
    while tokens.at("|", *LINE_FILTERS):
        if tokens.at("|") and tokens.following.text == "unwrap":
            return
        yield _line_filter(tokens) if tokens.at(*LINE_FILTERS) else _stage(tokens)


def _line_filter(tokens: Tokens) -> LineFilter:
    op = cast("FilterOp", tokens.take().text)
    at = tokens.current
    texts = [tokens.string()]
    while tokens.accept("or"):
        texts.append(tokens.string())
    return _made(tokens, at, lambda: LineFilter(op, tuple(texts)))


def _stage(tokens: Tokens) -> Stage:
    tokens.expect("|")
    read = _STAGES.get(tokens.current.text) if tokens.current.kind == "identifier" else None
    if read is not None and tokens.following.text not in ("=", "!=", "=~", "!~", "==", ">", "<"):
        tokens.take()
        return read(tokens)
    return LabelFilter(condition(tokens))


def _json(tokens: Tokens) -> Stage:
    at = tokens.current
    expressions = tuple(_assignments(tokens))
    return _made(tokens, at, lambda: Json(expressions))


def _logfmt(tokens: Tokens) -> Stage:
    flags = set()
    while tokens.current.kind == "flag":
        flag = tokens.current
        if flag.text not in ("--strict", "--keep-empty"):
            raise tokens.unexpected("--strict or --keep-empty")
        flags.add(tokens.take().text)
    fields = tuple(_assignments(tokens))
    return Logfmt(fields, strict="--strict" in flags, keep_empty="--keep-empty" in flags)


def _assignments(tokens: Tokens) -> Iterator[tuple[str, str]]:
    """`a, b="path"`: pairs of a label and what it is taken from, if there are any."""
    if tokens.current.kind != "identifier":
        return
    while True:
        name = tokens.identifier()
        yield name, tokens.string() if tokens.accept("=") else name
        if not tokens.accept(","):
            return


def _pattern(tokens: Tokens) -> Stage:
    at = tokens.current
    text = tokens.string()
    return _made(tokens, at, lambda: Pattern(text))


def _regexp(tokens: Tokens) -> Stage:
    at = tokens.current
    text = tokens.string()
    return _made(tokens, at, lambda: Regexp(text))


def _line_format(tokens: Tokens) -> Stage:
    return LineFormat(_template(tokens))


def _label_format(tokens: Tokens) -> Stage:
    changes: list[tuple[str, str | Template]] = []
    while True:
        at = tokens.current
        name = tokens.identifier()
        if name in dict(changes):
            raise tokens.error(f"multiple label name '{name}' not allowed in label_format", at)
        tokens.expect("=")
        renamed = tokens.current.kind == "identifier"
        changes.append((name, tokens.take().text if renamed else _template(tokens)))
        if not tokens.accept(","):
            return LabelFormat(tuple(changes))


def _template(tokens: Tokens) -> Template:
    at = tokens.current
    text = tokens.string()
    return _made(tokens, at, lambda: Template(text))


def _picked(tokens: Tokens) -> tuple[Picked, ...]:
    picked: list[Picked] = []
    while True:
        name = tokens.identifier()
        picked.append(_matcher(tokens, name) if tokens.at(*_MATCHERS) else name)
        if not tokens.accept(","):
            return tuple(picked)


_STAGES: dict[str, Callable[[Tokens], Stage]] = {
    "json": _json,
    "logfmt": _logfmt,
    "pattern": _pattern,
    "regexp": _regexp,
    "unpack": lambda _: Unpack(),
    "decolorize": lambda _: Decolorize(),
    "line_format": _line_format,
    "label_format": _label_format,
    "drop": lambda tokens: Drop(_picked(tokens)),
    "keep": lambda tokens: Keep(_picked(tokens)),
}


def condition(tokens: Tokens) -> Condition:
    """Conditions on labels: `or` binds less than `and`, which is also written as a comma."""
    parts = [_every(tokens)]
    while tokens.accept("or"):
        parts.append(_every(tokens))
    return Any(tuple(parts)) if len(parts) > 1 else parts[0]


def _every(tokens: Tokens) -> Condition:
    parts = [_one(tokens)]
    while tokens.at("and", ","):
        tokens.take()
        parts.append(_one(tokens))
    return Every(tuple(parts)) if len(parts) > 1 else parts[0]


def _one(tokens: Tokens) -> Condition:
    if tokens.accept("("):
        inner = condition(tokens)
        tokens.expect(")")
        return inner
    name = tokens.identifier("a stage such as json or logfmt, or a label to filter by")
    op = tokens.current
    if op.text in _MATCHERS and tokens.following.kind == "string":
        return TextIs(_matcher(tokens, name))
    if not tokens.at(*COMPARISONS):
        raise tokens.unexpected("an operator (= != =~ !~ == > >= < <=)")
    tokens.take()
    if tokens.at("ip"):
        return _network(tokens, name, op)
    return _comparison(tokens, name, op.text)


def _network(tokens: Tokens, name: str, op: Token) -> Condition:
    if op.text not in ("=", "!="):
        raise tokens.error("syntax error: ip() goes with = or !=", op)
    tokens.take()
    tokens.expect("(")
    at = tokens.current
    given = tokens.string()
    tokens.expect(")")
    equal: Literal["=", "!="] = "=" if op.text == "=" else "!="
    return _made(tokens, at, lambda: InNetwork(name, equal, given))


def _comparison(tokens: Tokens, name: str, op: str) -> Condition:
    sign = -1.0 if tokens.accept("-") else 1.0
    token = tokens.current
    if token.kind not in ("number", "duration", "bytes"):
        raise tokens.unexpected("a string, number, duration or size")
    tokens.take()
    unit = cast("Unit", token.kind)
    read: Callable[[str], float] = {
        "number": _number, "duration": parse_duration, "bytes": parse_size,
    }[unit]  # fmt: skip
    written = f"-{token.text}" if sign < 0 else token.text
    value = _made(tokens, token, lambda: read(token.text))
    return Compares(name, op, sign * value, unit, written)


def _number(text: str) -> float:
    """Raises `ValueError` for a number that is larger than any float."""
    try:
        value = float(int(text, 16)) if text[:2].lower() == "0x" else float(text)
    except OverflowError:
        value = math.inf
    if math.isinf(value):
        raise ValueError(f"syntax error: the number {text[:40]} is out of range")
    return value


def number(tokens: Tokens) -> float:
    """A number with an optional sign."""
    sign = -1.0 if tokens.accept("-") else 1.0
    if sign > 0:
        tokens.accept("+")
    if tokens.current.kind != "number":
        raise tokens.unexpected("a number")
    token = tokens.take()
    return sign * _made(tokens, token, lambda: _number(token.text))


def _made(tokens: Tokens, at: Token, make: Callable[[], T]) -> T:
    """What `make` makes; a `ValueError` becomes the error at that token."""
    try:
        return make()
    except ValueError as error:
        raise tokens.error(str(error), at) from None

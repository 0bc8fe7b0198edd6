"""The grammar of selectors and lists of label names."""

from typing import cast

from . import ast
from .lexer import Token, TokenStream
from .numbers import is_utf8, quote, unquote
from .storage import METRIC_NAME, Matcher, MatchOp, PatternError

_IN_MATCHERS = "label matching"


def string_value(token: Token) -> str:
    """What a string token stands for."""
    try:
        return unquote(token.text)
    except ValueError as error:
        raise token.span.error(str(error)) from None


def _utf8_value(token: Token) -> str:
    """What a string token stands for; names and values of labels have to be UTF-8."""
    text = string_value(token)
    if not is_utf8(text):
        raise token.span.error(f"{token.text} is not valid UTF-8")
    return text


def label_names(stream: TokenStream) -> tuple[str, ...]:
    """`(a, b, "quoted name")`."""
    where = "grouping opts"
    stream.expect("(", where)
    names = []
    for _ in stream.separated(")", where):
        if stream.current.kind not in ("identifier", "string"):
            raise stream.unexpected(where, "label")
        names.append(_label_name(stream.take()))
    return tuple(names)


def selector(stream: TokenStream) -> ast.VectorSelector:
    """`name{matchers}`, `name`, or `{matchers}`."""
    start = stream.current.span
    name: str | None = None
    matchers: list[Matcher] = []
    if stream.current.kind == "identifier":
        name = stream.take().text
        matchers.append(Matcher(METRIC_NAME, "=", name))
    if stream.accept("{"):
        for _ in stream.separated("}", _IN_MATCHERS):
            token = stream.current
            found, is_name = _matcher(stream)
            if is_name or (found.name == METRIC_NAME and found.op == "=" and name is not None):
                if name is not None:
                    raise token.span.error(
                        f"metric name must not be set twice: {quote(name)} or {quote(found.value)}"
                    )
                name = found.value
            matchers.append(found)
    return ast.VectorSelector(name, tuple(matchers), span=start.to(stream.last))


def _matcher(stream: TokenStream) -> tuple[Matcher, bool]:
    """One matcher; True when it is a bare quoted string, which names the metric."""
    token = stream.current
    if token.kind not in ("identifier", "string"):
        raise stream.unexpected(_IN_MATCHERS, 'identifier or "}"')
    stream.take()
    if token.kind == "string" and stream.at(",", "}"):
        return Matcher(METRIC_NAME, "=", _utf8_value(token)), True
    label = _label_name(token)
    if not stream.at("=", "!=", "=~", "!~"):
        raise stream.unexpected(_IN_MATCHERS, "label matching operator")
    op = cast(MatchOp, stream.take().text)
    value = stream.current
    if value.kind != "string":
        raise stream.unexpected(_IN_MATCHERS, "string")
    stream.take()
    try:
        return Matcher(label, op, _utf8_value(value)), False
    except PatternError as error:
        raise value.span.error(str(error)) from None


def _label_name(token: Token) -> str:
    if token.kind == "string":
        return _utf8_value(token)
    if ":" in token.text:
        raise token.span.error(f"invalid label name: {quote(token.text)}")
    return token.text

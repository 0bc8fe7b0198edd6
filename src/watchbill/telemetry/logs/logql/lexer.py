"""Text to tokens, and a cursor over them. Every token knows the character it begins at."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from watchbill.telemetry.logs.logql.errors import LogqlError
from watchbill.telemetry.logs.logql.units import DURATION, SIZE
from watchbill.telemetry.promql.ast import Span
from watchbill.telemetry.promql.numbers import unquote

Kind = Literal["number", "duration", "bytes", "identifier", "string", "flag", "operator", "end"]

MAX_QUERY_CHARACTERS = 131_072
MAX_DEPTH = 100
"""How deeply brackets may be nested."""
_BLANK = re.compile(r"(?:\s+|#[^\n]*)+")
_TOKEN = re.compile(
    r"""
      (?P<quantity>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[\wµμ.]*)
    | (?P<identifier>[a-zA-Z_][a-zA-Z0-9_]*)
    | (?P<string>"(?:\\.|[^"\\\n])*+"|`[^`]*+`)
    | (?P<flag>--[a-z-]+)
    | (?P<operator>\|=|\|~|=~|!~|!=|==|>=|<=|[-+*/%^()\[\]{},=<>|])
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


class Token(NamedTuple):
    """A piece of the query; `text` is as written."""

    kind: Kind
    text: str
    start: int

    def __str__(self) -> str:
        """For messages."""
        return "end of input" if self.kind == "end" else repr(self.text)


def tokens(text: str) -> Iterator[Token]:
    """All tokens, with one of kind `end` at last. Raises `LogqlError`."""
    if len(text) > MAX_QUERY_CHARACTERS:
        raise LogqlError(f"input is longer than {MAX_QUERY_CHARACTERS} characters", text, 0)
    at = 0
    while True:
        if blank := _BLANK.match(text, at):
            at = blank.end()
        if at >= len(text):
            break
        match = _TOKEN.match(text, at)
        if match is None:
            what = "literal not terminated" if text[at] in '"`' else f"character {text[at]!r}"
            raise LogqlError(f"syntax error: unexpected {what}", text, at)
        kind = match.lastgroup
        if kind == "quantity":
            kind = _quantity(match.group(), text, at)
        yield Token(kind, match.group(), at)  # type: ignore[arg-type]
        at = match.end()
    yield Token("end", "", len(text))


def _quantity(written: str, text: str, at: int) -> Kind:
    if _NUMBER.fullmatch(written):
        return "number"
    if DURATION.fullmatch(written):
        return "duration"
    if SIZE.fullmatch(written):
        return "bytes"
    raise LogqlError(f"syntax error: {written!r} is no number, duration or size", text, at)


class Tokens:
    """A cursor over the tokens of a query."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = list(tokens(text))
        self._position = 0
        depth = 0
        for token in self._tokens:
            if token.kind == "operator":
                depth += (token.text == "(") - (token.text == ")")
            if depth > MAX_DEPTH:
                raise self.error("query is nested too deeply", token)

    @property
    def current(self) -> Token:
        """The next token, not taken yet."""
        return self._tokens[self._position]

    @property
    def following(self) -> Token:
        """The token behind the current one."""
        return self._tokens[min(self._position + 1, len(self._tokens) - 1)]

    def span(self, start: int) -> Span:
        """From a character to the end of the token taken last."""
        last = self._tokens[max(self._position - 1, 0)]
        return Span(start, max(last.start + len(last.text), start), self.text)

    def take(self) -> Token:
        """Step over the current token. The end stays current for ever."""
        token = self.current
        if token.kind != "end":
            self._position += 1
        return token

    def at(self, *words: str) -> bool:
        """Whether the current token is one of these keywords or operators."""
        return self.current.kind in ("identifier", "operator") and self.current.text in words

    def accept(self, word: str) -> bool:
        """Take the current token if it is `word`."""
        if not self.at(word):
            return False
        self.take()
        return True

    def expect(self, word: str) -> None:
        """Take `word`, or raise the error that it is missing."""
        if not self.accept(word):
            raise self.unexpected(repr(word))

    def identifier(self, expected: str = "a label name") -> str:
        """Take an identifier."""
        if self.current.kind != "identifier":
            raise self.unexpected(expected)
        return self.take().text

    def string(self) -> str:
        """Take a string literal; what it stands for."""
        token = self.current
        if token.kind != "string":
            raise self.unexpected("a string")
        try:
            value = unquote(token.text)
        except ValueError as error:
            raise self.error(f"syntax error: {error}", token) from None
        self.take()
        return value

    def error(self, message: str, token: Token) -> LogqlError:
        """The error that something is wrong with a token."""
        return LogqlError(message, self.text, token.start)

    def unexpected(self, expected: str) -> LogqlError:
        """The error that the current token does not fit."""
        token = self.current
        return self.error(f"syntax error: unexpected {token}, expecting {expected}", token)

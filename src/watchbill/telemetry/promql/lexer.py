"""Text to tokens. Every token knows the characters it came from."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from .ast import Span
from .errors import ParseError
from .numbers import quote

Kind = Literal["number", "duration", "identifier", "string", "operator", "end"]

_BLANK = re.compile(r"(?:\s+|#[^\n]*)+")
_WORD_IN_BRACKETS = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_TOKEN = re.compile(
    r"""
      (?P<duration>(?:\d+(?:ms|[smhdwy]))+(?![\w.]))
    | (?P<number>0[xX][0-9a-fA-F_]+ | 0[bB][01_]+ | 0[oO][0-7_]+
                 | (?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)
    | (?P<identifier>[a-zA-Z_:][a-zA-Z0-9_:]*)
    | (?P<string>"(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | `[^`]*`)
    | (?P<operator>=~|!~|!=|==|>=|<=|</|>/|[-+*/%^()\[\]{},:@=<>])
    """,
    re.VERBOSE,
)


class Token(NamedTuple):
    """A piece of the query; `text` is as written."""

    kind: Kind
    text: str
    span: Span

    @property
    def word(self) -> str | None:
        """Keyword or operator in lower case: what the grammar looks at. None for literals."""
        return self.text.lower() if self.kind in ("identifier", "operator") else None

    def __str__(self) -> str:
        """For messages."""
        return "end of input" if self.kind == "end" else quote(self.text)


def tokens(text: str) -> Iterator[Token]:
    """All tokens of `text`, with one of kind `end` at last. Raises `ParseError`."""
    position = depth = 0
    while True:
        if blank := _BLANK.match(text, position):
            position = blank.end()
        if position >= len(text):
            break
        # Inside brackets a colon separates range and step; elsewhere it is part of a name.
        token = _next(text, position, in_brackets=depth > 0)
        if token.kind == "operator":
            depth += {"[": 1, "]": -1}.get(token.text, 0)
        yield token
        position = token.span.end
    yield Token("end", "", Span(len(text), len(text), text))


def _next(text: str, position: int, *, in_brackets: bool) -> Token:
    match = _TOKEN.match(text, position)
    if match is None:
        span = Span(position, position + 1, text)
        if text[position] in "\"'`":
            raise span.error("unterminated quoted string")
        raise span.error(f"unexpected character: {text[position]!r}")
    kind, end = match.lastgroup, match.end()
    if kind == "identifier" and in_brackets:
        word = _WORD_IN_BRACKETS.match(text, position)
        kind, end = ("identifier", word.end()) if word else ("operator", position + 1)
    span = Span(position, end, text)
    if kind in ("number", "duration") and re.match(r"[\w.]", text[end:]):
        bad = re.match(r"[\w.]+", text[position:])
        span = Span(position, position + (bad.end() if bad else 1), text)
        raise span.error(f"bad number or duration syntax: {quote(text[position : span.end])}")
    return Token(kind, text[position:end], span)  # type: ignore[arg-type]


class TokenStream:
    """A cursor over the tokens of a query."""

    def __init__(self, text: str) -> None:
        self._tokens = list(tokens(text))
        self._position = 0

    @property
    def current(self) -> Token:
        """The next token, not taken yet."""
        return self._tokens[self._position]

    def is_empty(self) -> bool:
        """Whether nothing is left."""
        return self.current.kind == "end"

    @property
    def following(self) -> Token:
        """The token behind the current one."""
        return self._tokens[min(self._position + 1, len(self._tokens) - 1)]

    @property
    def last(self) -> Span:
        """Where the token taken last stands."""
        return self._tokens[max(self._position - 1, 0)].span

    def take(self) -> Token:
        """Step over the current token. The end stays current for ever."""
        token = self.current
        if token.kind != "end":
            self._position += 1
        return token

    def at(self, *words: str) -> bool:
        """Whether the current token is one of these keywords or operators."""
        return self.current.word in words

    def accept(self, word: str) -> bool:
        """Take the current token if it is `word`."""
        if self.current.word != word:
            return False
        self._position += 1
        return True

    def expect(self, word: str, where: str) -> None:
        """Take `word`, or raise the error that it is missing."""
        if not self.accept(word):
            raise self.unexpected(where, quote(word))

    def unexpected(self, where: str, expected: str = "") -> ParseError:
        """The error that the current token does not fit."""
        token = self.current
        kind = "" if token.kind in ("end", "operator") else f"{token.kind} "
        wanted = f", expected {expected}" if expected else ""
        return token.span.error(f"unexpected {kind}{token} in {where}{wanted}")

    def separated(self, close: str, where: str, *, trailing: bool = True) -> Iterator[None]:
        """Yield once for every item of a comma-separated list, up to `close`, which is taken.

        `trailing` tells whether a comma may follow the last item.
        """
        while not self.accept(close):
            yield
            if not self.accept(","):
                self.expect(close, where)
                return
            if self.at(close) and not trailing:
                raise self.last.error(f"trailing commas not allowed in {where}")

"""The part of LogQL that picks lines: a stream selector followed by line filters.

Source: https://grafana.com/docs/loki/latest/query/log_queries/
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from watchbill.telemetry.promql.errors import ParseError
from watchbill.telemetry.promql.numbers import unquote
from watchbill.telemetry.promql.parse import parse_selector
from watchbill.telemetry.promql.storage import Matcher, PatternError, compile_pattern

FilterOp = Literal["|=", "!=", "|~", "!~"]

_QUOTED = r'"(?:[^"\\\n]|\\.)*+"|`[^`]*+`'
_SELECTOR = re.compile(rf"\s*(\{{(?:[^\"`}}]++|{_QUOTED})*+\}})")
_FILTER = re.compile(rf"\s*(\|=|!=|\|~|!~)\s*({_QUOTED})")


class LogqlError(ValueError):
    """The text is not a query we can answer."""


@dataclass(frozen=True)
class LineFilter:
    """Keeps lines that contain a text or match a pattern (RE2, anywhere), or that do not."""

    op: FilterOp
    text: str

    def keeps(self, line: str) -> bool:
        """Whether a line stays."""
        if self.op in ("|=", "!="):
            found = self.text in line
        else:
            found = compile_pattern(self.text).search(line) is not None
        return found == (self.op in ("|=", "|~"))


@dataclass(frozen=True)
class LogQuery:
    """Which streams, and which of their lines."""

    matchers: Sequence[Matcher]
    filters: tuple[LineFilter, ...]


def parse_logql(text: str) -> LogQuery:
    """Read a query. Raises `LogqlError`."""
    selector = _SELECTOR.match(text)
    if selector is None:
        raise LogqlError('a log query begins with a stream selector such as {app="shop"}')
    try:
        matchers = parse_selector(selector.group(1)).matchers
    except ParseError as error:
        raise LogqlError(str(error)) from None
    filters, at = [], selector.end()
    while text[at:].strip():
        match = _FILTER.match(text, at)
        if match is None:
            raise LogqlError(
                f"1:{at + 1}: only line filters (|= != |~ !~) are understood here, "
                f"not {text[at:].strip()[:40]!r}"
            )
        try:
            one = LineFilter(cast("FilterOp", match.group(1)), unquote(match.group(2)))
            if one.op in ("|~", "!~"):
                compile_pattern(one.text)
        except (PatternError, ValueError) as error:
            raise LogqlError(f"1:{match.start(2) + 1}: {error}") from None
        filters.append(one)
        at = match.end()
    return LogQuery(matchers, tuple(filters))

"""Line filters: `|= "text"`, `!= "text"`, `|~ "pattern"`, `!~ "pattern"`, each with `or`."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import re2

from watchbill.telemetry.logs.logql.entry import Entry
from watchbill.telemetry.promql.numbers import quote
from watchbill.telemetry.promql.storage import compile_pattern

FilterOp = Literal["|=", "!=", "|~", "!~"]


def compile_line_pattern(pattern: str) -> "re2._Regexp":
    """A regular expression as Loki reads it: `.` does not match a line break.

    Raises `PatternError`.
    """
    return compile_pattern(pattern, dot_matches_newline=False)


@dataclass(frozen=True)
class LineFilter:
    """Keeps lines in which one of `texts` is found (as text or pattern), or those with none.

    Raises `PatternError` when a pattern is not valid RE2.
    """

    op: FilterOp
    texts: tuple[str, ...]
    _patterns: "tuple[re2._Regexp, ...]" = field(init=False, repr=False, compare=False, default=())
    changes_line: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Compile the patterns once."""
        if self.op in ("|~", "!~"):
            patterns = tuple(compile_line_pattern(text) for text in self.texts)
            object.__setattr__(self, "_patterns", patterns)

    @property
    def keeps_found(self) -> bool:
        """Whether lines stay in which something is found, not those in which nothing is."""
        return self.op in ("|=", "|~")

    def keeps(self, line: str) -> bool:
        """Whether a line stays."""
        if self._patterns:
            found = any(pattern.search(line) is not None for pattern in self._patterns)
        else:
            found = any(text in line for text in self.texts)
        return found == self.keeps_found

    def apply(self, entry: Entry) -> bool:
        """See `Stage.apply`."""
        return self.keeps(entry.line)

    def __str__(self) -> str:
        return f"{self.op} {' or '.join(map(quote, self.texts))}"

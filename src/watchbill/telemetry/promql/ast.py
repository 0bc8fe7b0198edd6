"""The syntax tree of PromQL. Nodes are values: equal when they mean the same, wherever written.

Durations are kept as small expressions of their own (`DurationExpr`), because `step()` and
`range()` are known only when a query runs.
"""

from dataclasses import dataclass, field
from typing import Literal

from .errors import ParseError, line_and_column
from .storage import Matcher

ValueType = Literal["scalar", "vector", "matrix", "string"]

PARAMETRIC_AGGREGATIONS = frozenset(
    ("topk", "bottomk", "count_values", "quantile", "limitk", "limit_ratio")
)
AGGREGATIONS = PARAMETRIC_AGGREGATIONS | {
    "sum", "avg", "count", "min", "max", "group", "stddev", "stdvar",
}  # fmt: skip
SET_OPERATORS = frozenset(("and", "or", "unless"))
COMPARISONS = frozenset(("==", "!=", "<", ">", "<=", ">="))
HISTOGRAM_TRIMS = frozenset(("</", ">/"))
PRECEDENCE = {
    "or": 1,
    "and": 2, "unless": 2,
    "==": 3, "!=": 3, "<": 3, ">": 3, "<=": 3, ">=": 3, "</": 3, ">/": 3,
    "+": 4, "-": 4,
    "*": 5, "/": 5, "%": 5, "atan2": 5,
    "^": 6,
}  # fmt: skip


@dataclass(frozen=True)
class Span:
    """Characters `[start, end)` of the query `text`."""

    start: int
    end: int
    text: str = field(repr=False)

    def to(self, other: "Span") -> "Span":
        """From the start of this to the end of `other`."""
        return Span(self.start, other.end, self.text)

    def error(self, message: str) -> ParseError:
        """A parse error about these characters."""
        return ParseError(message, self.text, self.start, self.end)

    def __str__(self) -> str:
        """`line:column` of the start, as annotations show it."""
        line, column = line_and_column(self.text, self.start)
        return f"{line}:{column}"


@dataclass(frozen=True)
class _Node:
    span: Span = field(compare=False, repr=False, kw_only=True)


# --- Durations: their values are seconds


@dataclass(frozen=True)
class DurationLiteral(_Node):
    """`5m` or a plain number of seconds."""

    seconds: float


@dataclass(frozen=True)
class DurationCall(_Node):
    """`step()`, `range()`, `min(a, b)` or `max(a, b)`."""

    function: str
    args: tuple["DurationExpr", ...] = ()


@dataclass(frozen=True)
class DurationUnary(_Node):
    """`+d` or `-d`."""

    op: str
    inner: "DurationExpr"


@dataclass(frozen=True)
class DurationBinary(_Node):
    """Arithmetic on durations."""

    op: str
    left: "DurationExpr"
    right: "DurationExpr"


@dataclass(frozen=True)
class DurationParen(_Node):
    """`(d)`."""

    inner: "DurationExpr"


DurationExpr = DurationLiteral | DurationCall | DurationUnary | DurationBinary | DurationParen
At = int | Literal["start", "end"]
"""What `@` names: a time in Unix ms, or the query's own start or end."""


# --- Expressions


@dataclass(frozen=True)
class Number(_Node):
    """A number; `duration` tells that it was written as one (`5m` is 300)."""

    value: float
    duration: bool = False


@dataclass(frozen=True)
class String(_Node):
    """A quoted string."""

    value: str


@dataclass(frozen=True)
class VectorSelector(_Node):
    """`name{matchers} @ at offset d`. `matchers` include the one for `name`, if there is one."""

    name: str | None
    matchers: tuple[Matcher, ...]
    offset: DurationExpr | None = None
    at: At | None = None
    extension: Literal["anchored", "smoothed"] | None = None


@dataclass(frozen=True)
class MatrixSelector(_Node):
    """`selector[range]`; modifiers written behind the range are kept in `vector`."""

    vector: VectorSelector
    range: DurationExpr


@dataclass(frozen=True)
class Subquery(_Node):
    """`inner[range:step] @ at offset d`."""

    inner: "Expr"
    range: DurationExpr
    step: DurationExpr | None = None
    offset: DurationExpr | None = None
    at: At | None = None


@dataclass(frozen=True)
class Paren(_Node):
    """`(inner)`."""

    inner: "Expr"


@dataclass(frozen=True)
class Unary(_Node):
    """`-inner` or `+inner`."""

    op: str
    inner: "Expr"


@dataclass(frozen=True)
class Matching:
    """How the series of two vectors find each other.

    `group` names the side that may have many series per match; `include` are the labels it takes
    from the other side. `fill_*` stand in for a series missing on that side.
    """

    on: bool = False
    labels: tuple[str, ...] = ()
    group: Literal["left", "right"] | None = None
    include: tuple[str, ...] = ()
    fill_left: float | None = None
    fill_right: float | None = None

    @property
    def fills(self) -> bool:
        """Whether anything stands in for missing series."""
        return self.fill_left is not None or self.fill_right is not None


@dataclass(frozen=True)
class Binary(_Node):
    """`left op right`."""

    op: str
    left: "Expr"
    right: "Expr"
    returns_bool: bool = False
    matching: Matching = Matching()


@dataclass(frozen=True)
class Aggregation(_Node):
    """`op by (labels) (parameter, inner)`, or `without` in place of `by`."""

    op: str
    inner: "Expr"
    parameter: "Expr | None" = None
    labels: tuple[str, ...] = ()
    without: bool = False


@dataclass(frozen=True)
class Call(_Node):
    """`function(args)`."""

    function: str
    args: tuple["Expr", ...]


Expr = (
    Number | String | VectorSelector | MatrixSelector | Subquery | Paren | Unary | Binary
    | Aggregation | Call
)  # fmt: skip


def unwrap(expr: Expr) -> Expr:
    """The expression inside any number of parentheses."""
    while isinstance(expr, Paren):
        expr = expr.inner
    return expr

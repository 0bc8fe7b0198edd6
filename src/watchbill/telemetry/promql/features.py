"""What Prometheus calls experimental, by the names of its feature flags.

Source: https://prometheus.io/docs/prometheus/latest/feature_flags/
"""

from collections.abc import Iterable, Iterator

from . import ast
from .ast import DurationExpr, Expr
from .errors import ParseError

FUNCTIONS = "promql-experimental-functions"
DURATIONS = "promql-duration-expr"
RANGES = "promql-extended-range-selectors"
FILLS = "promql-binop-fill-modifiers"

ALL = frozenset((FUNCTIONS, DURATIONS, RANGES, FILLS))
"""Every feature that can be left out. Names of metrics always stay to the end of a query here
(promql-delayed-name-removal), and operations drop type and unit with them (type-and-unit-labels).
"""

EXPERIMENTAL = frozenset(
    (
        "double_exponential_smoothing", "holt_winters", "end", "first_over_time",
        "histogram_quantiles", "info", "mad_over_time", "max_of", "min_of", "range",
        "sort_by_label", "sort_by_label_desc", "start", "start_timestamp", "step",
        "ts_of_first_over_time", "ts_of_last_over_time", "ts_of_max_over_time",
        "ts_of_min_over_time",
    )
)  # fmt: skip
_AGGREGATIONS = frozenset(("limitk", "limit_ratio"))


def refuse_others(expr: Expr, features: Iterable[str]) -> None:
    """Raise `ParseError` at the first part of a query that belongs to none of the features."""
    enabled = frozenset(features)
    if enabled >= ALL:
        return
    for error, feature in _experimental(expr):
        if feature not in enabled:
            raise error


def _experimental(expr: Expr) -> Iterator[tuple[ParseError, str]]:
    """Every experimental part: the error that it is not enabled, and its feature."""

    def refused(what: str, feature: str) -> tuple[ParseError, str]:
        message = f"{what} experimental and must be enabled with feature {feature}"
        return expr.span.error(message), feature

    match expr:
        case ast.Call(function) if function in EXPERIMENTAL:
            yield refused(f"{function}() is", FUNCTIONS)
        case ast.Aggregation(op) if op in _AGGREGATIONS:
            yield refused(f"{op}() is", FUNCTIONS)
        case ast.Binary(op) if op in ast.HISTOGRAM_TRIMS:
            yield refused(f"operator {op} is", FUNCTIONS)
        case ast.Binary(matching=matching) if (matching.fill_left, matching.fill_right) != (
            None,
            None,
        ):
            yield refused("fill modifiers are", FILLS)
        case (
            ast.MatrixSelector(vector=ast.VectorSelector(extension=str(extension)))
            | ast.VectorSelector(extension=str(extension))
        ):
            yield refused(f"modifier {extension} is", RANGES)
    if any(not _is_plain(duration) for duration in _durations(expr)):
        yield refused("duration expressions are", DURATIONS)
    for inner in _parts(expr):
        yield from _experimental(inner)


def _parts(expr: Expr) -> Iterator[Expr]:
    """The expressions directly inside another."""
    match expr:
        case ast.MatrixSelector(vector):
            yield vector
        case ast.Subquery(inner) | ast.Paren(inner) | ast.Unary(_, inner):
            yield inner
        case ast.Binary(_, left, right):
            yield from (left, right)
        case ast.Aggregation(_, inner, parameter):
            yield inner
            if parameter is not None:
                yield parameter
        case ast.Call(_, args):
            yield from args


def _durations(expr: Expr) -> Iterator[DurationExpr]:
    wanted: tuple[DurationExpr | None, ...] = ()
    match expr:
        case ast.VectorSelector(offset=offset):
            wanted = (offset,)
        case ast.MatrixSelector(range=length):
            wanted = (length,)
        case ast.Subquery(range=length, step=step, offset=offset):
            wanted = (length, step, offset)
    yield from (duration for duration in wanted if duration is not None)


def _is_plain(duration: DurationExpr) -> bool:
    """Whether a duration is one number; the sign is part of it."""
    return isinstance(duration, ast.DurationLiteral)

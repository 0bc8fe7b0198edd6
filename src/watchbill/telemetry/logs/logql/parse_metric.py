"""The grammar of metric queries: aggregations over ranges of lines, and PromQL's operators."""

from dataclasses import replace

from watchbill.telemetry.logs.logql.ast import (
    RANGE_LABEL,
    Grouping,
    LogQuery,
    MetricQuery,
    RangeAggregation,
    Unwrap,
)
from watchbill.telemetry.logs.logql.errors import LogqlError
from watchbill.telemetry.logs.logql.lexer import Tokens
from watchbill.telemetry.logs.logql.parse_log import number, selector, stages
from watchbill.telemetry.logs.logql.units import parse_duration
from watchbill.telemetry.promql import ast
from watchbill.telemetry.promql.ast import COMPARISONS, PRECEDENCE, Expr
from watchbill.telemetry.promql.check import check
from watchbill.telemetry.promql.errors import ParseError
from watchbill.telemetry.promql.storage import Matcher

OF_LINES = frozenset((
    "rate", "count_over_time", "bytes_rate", "bytes_over_time", "absent_over_time",
))  # fmt: skip
OF_VALUES = frozenset((
    "rate", "sum_over_time", "avg_over_time", "min_over_time", "max_over_time",
    "first_over_time", "last_over_time", "stddev_over_time", "stdvar_over_time",
    "quantile_over_time", "absent_over_time",
))  # fmt: skip
_GROUPED = OF_VALUES - {"rate", "sum_over_time", "absent_over_time"}
_AGGREGATIONS = frozenset((
    "sum", "avg", "min", "max", "count", "stddev", "stdvar", "topk", "bottomk", "sort", "sort_desc",
))  # fmt: skip
_ADDITIVE = frozenset((
    "rate", "count_over_time", "bytes_rate", "bytes_over_time", "sum_over_time",
))  # fmt: skip
_CONVERSIONS = ("duration", "duration_seconds", "bytes")
_OPERATORS = {op for op in PRECEDENCE if op not in ("atan2", "</", ">/")}
MAX_OPERATORS = 100
_LONGEST_SECONDS = 10 * 365 * 86_400.0


def metric_query(tokens: Tokens) -> MetricQuery:
    """The whole query. Raises `LogqlError`."""
    grammar = _Grammar(tokens)
    expr = grammar.expression(0)
    try:
        check(expr)
    except ParseError as error:
        raise LogqlError(error.message, tokens.text, error.start) from None
    return MetricQuery(expr, tuple(grammar.ranges))


class _Grammar:
    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.ranges: list[RangeAggregation] = []
        self._operators = 0

    def expression(self, floor: int) -> Expr:
        """An expression whose operators all bind at least as tightly as `floor`."""
        tokens = self.tokens
        left = self._operand()
        while tokens.at(*_OPERATORS) and PRECEDENCE[tokens.current.text] >= floor:
            self._operators += 1
            if self._operators > MAX_OPERATORS:
                raise tokens.error(
                    f"more than {MAX_OPERATORS} operators in a query", tokens.current
                )
            op = tokens.take().text
            returns_bool = op in COMPARISONS and tokens.accept("bool")
            matching = self._matching()
            level = PRECEDENCE[op]
            right = self.expression(level if op == "^" else level + 1)
            span = left.span.to(right.span)
            left = ast.Binary(op, left, right, returns_bool, matching, span=span)
        return left

    def _matching(self) -> ast.Matching:
        tokens = self.tokens
        if not tokens.at("on", "ignoring"):
            return ast.Matching()
        on = tokens.take().text == "on"
        labels = self._label_names()
        if not tokens.at("group_left", "group_right"):
            return ast.Matching(on=on, labels=labels)
        include = tokens.take().text == "group_left"
        names = self._label_names() if tokens.at("(") else ()
        return ast.Matching(
            on=on, labels=labels, group="left" if include else "right", include=names
        )

    def _operand(self) -> Expr:
        tokens, start = self.tokens, self.tokens.current
        if tokens.accept("("):
            inner = self.expression(0)
            tokens.expect(")")
            return ast.Paren(inner, span=tokens.span(start.start))
        if start.kind == "number" or tokens.at("-", "+"):
            value = number(tokens)
            return ast.Number(value, span=tokens.span(start.start))
        word = start.text if start.kind == "identifier" else ""
        if word in OF_LINES | OF_VALUES:
            return self._range_aggregation()
        if word in _AGGREGATIONS:
            return self._aggregation()
        if word == "vector":
            tokens.take()
            tokens.expect("(")
            at = tokens.current.start
            argument = ast.Number(number(tokens), span=tokens.span(at))
            tokens.expect(")")
            return ast.Call("vector", (argument,), span=tokens.span(start.start))
        if word == "label_replace":
            return self._label_replace()
        raise tokens.unexpected('a stream selector such as {app="shop"}, or an aggregation')

    def _label_replace(self) -> Expr:
        tokens, start = self.tokens, self.tokens.take().start
        tokens.expect("(")
        args: list[Expr] = [self.expression(0)]
        for _ in range(4):
            tokens.expect(",")
            at = tokens.current.start
            args.append(ast.String(tokens.string(), span=tokens.span(at)))
        tokens.expect(")")
        return ast.Call("label_replace", tuple(args), span=tokens.span(start))

    def _aggregation(self) -> Expr:
        tokens, start = self.tokens, self.tokens.current.start
        op = tokens.take().text
        grouping = self._grouping()
        tokens.expect("(")
        parameter = None
        if op in ("topk", "bottomk"):
            at = tokens.current
            value = number(tokens)
            if value < 1 or value != int(value):
                raise tokens.error(f"invalid parameter (must be greater than 0) {op}", at)
            parameter = ast.Number(value, span=tokens.span(at.start))
            tokens.expect(",")
        inner = self.expression(0)
        tokens.expect(")")
        grouping = grouping or self._grouping()
        span = tokens.span(start)
        if op in ("sort", "sort_desc"):
            if grouping is not None:
                raise LogqlError(f"grouping not allowed for {op} aggregation", tokens.text, start)
            return ast.Call(op, (inner,), span=span)
        labels = grouping.labels if grouping else ()
        without = grouping is not None and grouping.without
        if op == "sum" and not without and isinstance(inner, ast.VectorSelector):
            self._keep_only(inner, labels)
        return ast.Aggregation(op, inner, parameter, labels, without, span=span)

    def _keep_only(self, inner: ast.VectorSelector, labels: tuple[str, ...]) -> None:
        """Let an aggregation of lines make a series for each group of the sum around it, not for
        each set of labels, of which there may be as many as lines."""
        place = int(inner.matchers[0].value)
        if self.ranges[place].op in _ADDITIVE:
            self.ranges[place] = replace(self.ranges[place], kept=labels)

    def _grouping(self) -> Grouping | None:
        if not self.tokens.at("by", "without"):
            return None
        without = self.tokens.take().text == "without"
        return Grouping(self._label_names(), without)

    def _label_names(self) -> tuple[str, ...]:
        tokens = self.tokens
        tokens.expect("(")
        names: list[str] = []
        while not tokens.accept(")"):
            names.append(tokens.identifier())
            if not tokens.at(")"):
                tokens.expect(",")
        return tuple(names)

    def _range_aggregation(self) -> Expr:
        tokens, start = self.tokens, self.tokens.current
        op = tokens.take().text
        tokens.expect("(")
        parameter = None
        if op == "quantile_over_time":
            parameter = number(tokens)
            tokens.expect(",")
        query, unwrap, range_ns, written, offset_ns = self._lines()
        tokens.expect(")")
        if unwrap is None and op not in OF_LINES:
            raise tokens.error(
                f"invalid aggregation {op} without unwrap: add | unwrap and the label that "
                "holds the value", start,
            )  # fmt: skip
        if unwrap is not None and op not in OF_VALUES:
            raise tokens.error(f"invalid aggregation {op} with unwrap", start)
        grouping = self._grouping()
        if grouping is not None and op not in _GROUPED:
            raise tokens.error(f"grouping not allowed for {op} aggregation", start)
        self.ranges.append(
            RangeAggregation(op, query, range_ns, written, offset_ns, unwrap, parameter, grouping)
        )
        number_of = Matcher(RANGE_LABEL, "=", str(len(self.ranges) - 1))
        return ast.VectorSelector(None, (number_of,), span=tokens.span(start.start))

    def _lines(self) -> tuple[LogQuery, Unwrap | None, int, str, int]:
        """What stands in the brackets of an aggregation: the range may come before the stages."""
        tokens = self.tokens
        bracketed = tokens.accept("(")
        matchers = selector(tokens)
        range_at = self._range() if tokens.at("[") else None
        before = tuple(stages(tokens))
        unwrap = self._unwrap() if tokens.at("|") else None
        if bracketed:
            tokens.expect(")")
        if range_at is None:
            if not tokens.at("["):
                raise tokens.unexpected("a range such as [5m]")
            range_at = self._range()
        return LogQuery(matchers, before), unwrap, *range_at

    def _range(self) -> tuple[int, str, int]:
        """`[5m] offset 1m`: range in ns, as written, and offset in ns."""
        tokens = self.tokens
        tokens.expect("[")
        at = tokens.current
        seconds = self._duration()
        if seconds <= 0:
            raise tokens.error("a range must be longer than 0", at)
        tokens.expect("]")
        offset = 0.0
        if tokens.accept("offset"):
            sign = -1.0 if tokens.accept("-") else 1.0
            offset = sign * self._duration()
        return round(seconds * 1e9), at.text, round(offset * 1e9)

    def _duration(self) -> float:
        token = self.tokens.current
        if token.kind != "duration":
            raise self.tokens.unexpected("a duration such as 5m")
        self.tokens.take()
        seconds = parse_duration(token.text)
        if seconds > _LONGEST_SECONDS:
            raise self.tokens.error("a duration must not be longer than ten years", token)
        return seconds

    def _unwrap(self) -> Unwrap:
        tokens = self.tokens
        tokens.expect("|")
        tokens.expect("unwrap")
        name, conversion = tokens.identifier(), None
        if tokens.at("("):
            if name not in _CONVERSIONS:
                raise tokens.unexpected(f"no bracket: conversions are {', '.join(_CONVERSIONS)}")
            tokens.take()
            conversion, name = name, tokens.identifier()
            tokens.expect(")")
        return Unwrap(name, conversion, tuple(stages(tokens)))

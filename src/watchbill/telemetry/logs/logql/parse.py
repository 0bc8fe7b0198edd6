"""Text to tree. Mistakes are told at their character."""

from watchbill.telemetry.logs.logql.ast import LogQuery, MetricQuery
from watchbill.telemetry.logs.logql.errors import LogqlError
from watchbill.telemetry.logs.logql.lexer import Tokens
from watchbill.telemetry.logs.logql.parse_log import selector, stages
from watchbill.telemetry.logs.logql.parse_metric import metric_query

Query = LogQuery | MetricQuery


def parse_logql(text: str) -> Query:
    """The tree of any query. Raises `LogqlError`."""
    tokens = Tokens(text)
    depth = 0
    while tokens.at("(") and _opens_lines(text, tokens.current.start):
        tokens.take()
        depth += 1
    if tokens.at("{"):
        query: Query = LogQuery(selector(tokens), tuple(stages(tokens)))
        for _ in range(depth):
            tokens.expect(")")
    else:
        query = metric_query(tokens)
    if tokens.current.kind != "end":
        raise tokens.unexpected("the end, a stage (|) or an operator")
    return query


def parse_lines(text: str) -> LogQuery:
    """A query for lines. Raises `LogqlError`, also for a metric query."""
    query = parse_logql(text)
    if isinstance(query, MetricQuery):
        raise LogqlError("only log queries are supported here, not metric queries", text, 0)
    return query


def parse_matchers(text: str) -> LogQuery:
    """A stream selector alone. Raises `LogqlError`."""
    query = parse_lines(text)
    if query.stages:
        raise LogqlError("only label matchers are supported here", text, 0)
    return query


def _opens_lines(text: str, at: int) -> bool:
    """Whether brackets that begin here hold lines, not numbers."""
    return text[at:].lstrip("( \t\r\n")[:1] == "{"

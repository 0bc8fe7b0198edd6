"""A tree back to text, in one form for all ways of writing the same query."""

import re

from watchbill.telemetry.logs.logql.ast import RANGE_LABEL, LogQuery, MetricQuery
from watchbill.telemetry.promql.format import format_query

_RANGE = re.compile(rf'\{{{RANGE_LABEL}="(\d+)"\}}')


def to_text(query: LogQuery | MetricQuery) -> str:
    """Text that parses to the same tree; long arithmetic is broken over indented lines."""
    if isinstance(query, LogQuery):
        return str(query)
    return _RANGE.sub(
        lambda match: str(query.ranges[int(match.group(1))]), format_query(query.expr)
    )

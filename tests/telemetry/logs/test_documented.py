"""What logs understand and where they answer stands in the documentation."""

from pathlib import Path
from typing import Any

import pytest

from watchbill.telemetry.http import loki
from watchbill.telemetry.logs import lines, metrics, patterns, push, search, tail
from watchbill.telemetry.logs.logql import lexer, parse_log, parse_metric
from watchbill.telemetry.logs.logql.template_functions import FUNCTIONS

PAGE = (Path(__file__).parents[3] / "docs" / "logs.md").read_text()


def test_every_address_is_told() -> None:
    nothing: Any = None
    paths = {getattr(route, "path", "") for route in loki.routes(nothing, nothing, nothing)}
    assert len(paths) > 12
    assert [path for path in paths - {"/loki/api/v1/label"} if f"`{path}`" not in PAGE] == []


def test_every_word_of_the_language_is_told() -> None:
    words = {
        *FUNCTIONS, *parse_log._STAGES, *parse_log.LINE_FILTERS, *parse_metric.OF_LINES,
        *parse_metric.OF_VALUES, *parse_metric._AGGREGATIONS,
    }  # fmt: skip
    assert [word for word in words if f"`{word}`" not in PAGE] == []


@pytest.mark.parametrize(
    "limit",
    [
        lines.MAX_STREAMS, lines.MAX_LINE_CHARACTERS, lines.MAX_HELD_LINES, push.MAX_LABELS,
        push.MAX_NAME_CHARACTERS, push.MAX_VALUE_CHARACTERS, search.MAX_LINES_LOOKED_AT,
        metrics.MAX_LINES_COUNTED, metrics.MAX_SERIES, lexer.MAX_QUERY_CHARACTERS,
        lexer.MAX_DEPTH, parse_metric.MAX_OPERATORS, tail.MAX_WAITING_LINES, loki.MAX_LIMIT,
        patterns.MAX_PER_LEAF, patterns.MAX_TEMPLATES, patterns.MAX_CHARACTERS,
    ],
)  # fmt: skip
def test_every_limit_is_told(limit: int) -> None:
    assert f"{limit:,}" in PAGE

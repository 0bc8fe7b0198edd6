"""The canonical text of a query."""

import pytest

from watchbill.telemetry.promql.format import format_query
from watchbill.telemetry.promql.parse import parse


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("sum(a)by(x,y)", "sum by (x, y) (a)"),
        ("sum without()(a)", "sum without () (a)"),
        ("topk (3,a)", "topk(3, a)"),
        ("a{b='c',d=~\"e\"}", 'a{b="c",d=~"e"}'),
        ("{__name__='a'}", '{__name__="a"}'),
        ("{__name__=~'a'}", '{__name__=~"a"}'),
        ("{'a b','c.d'='e'}", '{"a b","c.d"="e"}'),
        ("a[90s:30] offset 5m@5", "a[1m30s:30s] @ 5.000 offset 5m"),
        ("a+on(x)group_left(y)b", "a + on (x) group_left (y) b"),
        ("a>bool ignoring(x)b", "a > bool ignoring (x) b"),
        ("a*fill(1)b", "a * fill (1) b"),
        ("a*fill_left(1)fill_right(2)b", "a * fill_left (1) fill_right (2) b"),
        ("-a", "-a"),
        ("1e3", "1000"),
        ("5m", "5m"),
        ("rate(a[5m+step()])", "rate(a[5m + step()])"),
    ],
)
def test_short_queries_stay_on_one_line(query: str, text: str) -> None:
    assert format_query(parse(query)) == text


def test_long_queries_are_broken_up() -> None:
    query = (
        'sum by (job) (rate(http_requests_total{status=~"5.."}[5m])) / on (job) '
        "topk(10, sum by (job) (rate(http_requests_total[5m]))) > 0.01"
    )
    assert format_query(parse(query)) == "\n".join(
        [
            '    sum by (job) (rate(http_requests_total{status=~"5.."}[5m]))',
            "  / on (job)",
            "    topk(10, sum by (job) (rate(http_requests_total[5m])))",
            ">",
            "  0.01",
        ]
    )


def test_long_calls_have_one_argument_a_line() -> None:
    name = "m" * 60
    assert format_query(
        parse(f'label_replace({name}, "target", "$1", "source", "(.*)-{name}")')
    ) == (f'label_replace(\n  {name},\n  "target",\n  "$1",\n  "source",\n  "(.*)-{name}"\n)')

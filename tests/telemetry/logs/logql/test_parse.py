"""Queries read: what they mean, that they print and read back, where mistakes are shown."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from watchbill.telemetry.logs.logql.ast import LogQuery, MetricQuery
from watchbill.telemetry.logs.logql.errors import LogqlError
from watchbill.telemetry.logs.logql.extract import Json
from watchbill.telemetry.logs.logql.label_filter import Any, Compares, Every, LabelFilter, TextIs
from watchbill.telemetry.logs.logql.line_filter import LineFilter
from watchbill.telemetry.logs.logql.parse import parse_lines, parse_logql, parse_matchers
from watchbill.telemetry.logs.logql.text import to_text
from watchbill.telemetry.promql import ast
from watchbill.telemetry.promql.storage import Matcher

LINES = [
    '{app="a}b", env=~"x|y"} |= "err" or "fail" != "de\\"bug" |~ "t[io]me" !~ "\\\\d"',
    '{a="b"} | json',
    '{a="b"} | json first="a.b[0][\\"c d\\"]", c',
    '{a="b"} | logfmt --strict --keep-empty',
    '{a="b"} | logfmt host, to="fwd_to"',
    '{a="b"} | pattern "<ip> - <_> <status>" | regexp "(?P<x>a+)" | unpack | decolorize',
    '{a="b"} | line_format "{{.a | ToUpper}} {{if .b}}x{{end}}"',
    '{a="b"} | label_format a=b, c="{{.d}}"',
    '{a="b"} | drop a, b="c" | keep a, b=~"c"',
    '{a="b"} | status>=500 and (took>1.5s or size<=2MB) and addr!=ip("10.0.0.0/8")',
    '{a="b"} | (x="y" and n==1) or n!=2',
]
NUMBERS = [
    'rate({a="b"} |= "e"[5m])',
    'sum by (x, y) (rate({a="b"} | json[5m])) / 2 > bool 3',
    'quantile_over_time(0.99, {a="b"} | logfmt | unwrap duration(took) | __error__=""[1m]'
    " offset 300s) by (path)",
    'avg_over_time({a="b"} | json | unwrap bytes(size)[1h30m]) without (x)',
    'topk(3, sum without (x) (count_over_time({a="b"}[1m])))',
    'sort_desc(max(bytes_rate({a="b"}[1m])))',
    'label_replace(bytes_over_time({a="b"}[1m]), "to", "$1", "from", "(.*)")',
    'rate({a="b"}[1m]) - on (x) group_left (y) rate({c="d"}[1m])',
    'absent_over_time({a="b"}[1m]) or vector(0) unless -1 ^ vector(2)',
    "vector(1) + vector(1)",
]


@pytest.mark.parametrize("text", [*LINES, *NUMBERS])
def test_a_query_prints_as_it_is_written_and_reads_back(text: str) -> None:
    query = parse_logql(text)
    assert to_text(query) == text
    assert parse_logql(to_text(query)) == query
    assert isinstance(query, LogQuery) == (text in LINES)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('{a="b"}|json|x=1,y=2', '{a="b"} | json | x=1 and y=2'),
        ('sum(rate({a="b"}[5m] |= "x")) by (c)', 'sum by (c) (rate({a="b"} |= "x" [5m]))'),
        ('({a="b"} |= "x")', '{a="b"} |= "x"'),
        ('{a="b"} # said\n  | json # more', '{a="b"} | json'),
        ("{a=`b`} |= `x\\d`", '{a="b"} |= "x\\\\d"'),
        ('rate(({a="b"} | json)[1m])', 'rate({a="b"} | json [1m])'),
    ],
)
def test_ways_of_writing_the_same(text: str, same: str) -> None:
    assert parse_logql(text) == parse_logql(same)


def test_what_is_read() -> None:
    query = parse_lines('{a="b"} |= "x" | json | n > 5 or s = "t", n < 1KB != "y"')
    assert query.matchers == (Matcher("a", "=", "b"),)
    assert query.stages == (
        LineFilter("|=", ("x",)),
        Json(),
        LabelFilter(
            Any(
                (
                    Compares("n", ">", 5.0, "number", "5"),
                    Every(
                        (TextIs(Matcher("s", "=", "t")), Compares("n", "<", 1000.0, "bytes", "1KB"))
                    ),
                )
            )
        ),
        LineFilter("!=", ("y",)),
    )
    assert query.filters == (query.stages[0], query.stages[3])
    assert query.rest == query.stages[1:3]


def test_filters_behind_a_changed_line_are_not_the_store_s() -> None:
    query = parse_lines('{a="b"} |= "x" | line_format "{{.a}}" |= "y"')
    assert query.filters == (LineFilter("|=", ("x",)),)
    assert query.rest == query.stages[1:]
    assert parse_lines('{a="b"} | drop __error__, __error_details__').rest == ()
    assert len(parse_lines('{a="b"} | json | drop __error__').rest) == 2


def test_what_is_read_of_a_metric_query() -> None:
    query = parse_logql('sum(rate({a="b"}[5m] offset 1m)) * 2')
    assert isinstance(query, MetricQuery)
    (one,) = query.ranges
    assert (one.op, one.range_ns, one.offset_ns) == ("rate", 300 * 10**9, 60 * 10**9)
    assert isinstance(query.expr, ast.Binary)
    assert isinstance(query.expr.left, ast.Aggregation)


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "unexpected end of input, expecting a stream selector"),
        ("app", 1, "unexpected 'app', expecting a stream selector"),
        ("{app=}", 6, "unexpected '}', expecting a string"),
        ('{app=~".*"}', 1, "at least one regexp or equality matcher"),
        ("{}", 1, "at least one regexp or equality matcher"),
        ('{a="b"', 7, "unexpected end of input, expecting ','"),
        ('{a="b"} | jsn', 14, "expecting an operator"),
        ('{a="b"} |~ "("', 12, "error parsing regexp: missing )"),
        ('{a=~"("}', 5, "error parsing regexp"),
        ('{a="b"} |= err', 12, "unexpected 'err', expecting a string"),
        ('{a="b"} |= "err', 12, "literal not terminated"),
        ('{a="b"} |= "\\q"', 12, "unknown escape sequence"),
        ('{a="b"} $', 9, "unexpected character '$'"),
        ('{a="b"} | x > 5q', 15, "'5q' is no number, duration or size"),
        ('{a="b"} | x > "y"', 15, "expecting a string, number, duration or size"),
        ('{a="b"} | x = ip("300.1.1.1")', 18, "does not appear to be an IPv4 or IPv6 network"),
        ('{a="b"} | x > ip("1.1.1.1")', 13, "ip() goes with = or !="),
        ('{a="b"} | pattern "<a><b>"', 19, "there must be text between two"),
        ('{a="b"} | pattern "x"', 19, "at least one capture"),
        ('{a="b"} | pattern "<a> <a>"', 19, "the same name as another"),
        ('{a="b"} | regexp "(a)"', 18, "at least one named capture"),
        ('{a="b"} | json x="a["', 16, "cannot read 'a[' from character 2"),
        ('{a="b"} | logfmt --lax', 18, "expecting --strict or --keep-empty"),
        ('{a="b"} | line_format "{{.a"', 23, "unclosed action"),
        ('{a="b"} | line_format "{{nope .a}}"', 23, 'function "nope" not defined'),
        ('{a="b"} | label_format a=b, a=c', 29, "multiple label name 'a'"),
        ("sum(1", 6, "expecting ')'"),
        ('rate({a="b"})', 13, "expecting a range such as [5m]"),
        ('rate({a="b"}[5])', 14, "expecting a duration"),
        ('rate({a="b"}[0s])', 14, "longer than 0"),
        ('rate({a="b"}[99y])', 14, "not be longer than ten years"),
        ('sum_over_time({a="b"}[5m])', 1, "without unwrap"),
        ('count_over_time({a="b"} | unwrap x [5m])', 1, "with unwrap"),
        ('rate({a="b"}[5m]) by (x)', 1, "grouping not allowed for rate"),
        ('sort by (x) (rate({a="b"}[5m]))', 1, "grouping not allowed for sort"),
        ('topk(0, rate({a="b"}[5m]))', 6, "must be greater than 0"),
        ('avg_over_time({a="b"} | unwrap speed(x) [5m])', 37, "duration, duration_seconds, bytes"),
        ('1 and rate({a="b"}[5m])', 1, "set operator \"and\" not allowed"),
        ('rate({a="b"}[5m]) extra', 19, "unexpected 'extra'"),
    ],
)  # fmt: skip
def test_mistakes_are_shown_at_their_character(text: str, column: int, says: str) -> None:
    with pytest.raises(LogqlError) as refused:
        parse_logql(text)
    assert str(refused.value).startswith(f"parse error at line 1, col {column}: ")
    assert says in str(refused.value)


def test_a_mistake_in_a_later_line_is_shown_there() -> None:
    with pytest.raises(LogqlError, match="parse error at line 3, col 4: "):
        parse_logql('{a="b"}\n| json\n | | x')


def test_what_a_place_does_not_take() -> None:
    with pytest.raises(LogqlError, match="only log queries"):
        parse_lines('rate({a="b"}[5m])')
    with pytest.raises(LogqlError, match="only label matchers"):
        parse_matchers('{a="b"} |= "x"')


@pytest.mark.parametrize(
    "text", ["(" * 5_000, '{a="b"} | ' + "(" * 50_000, "(" * 9_000 + '{a="b"}']
)
def test_deep_nesting_is_refused(text: str) -> None:
    with pytest.raises(LogqlError):
        parse_logql(text)


def test_a_very_long_query_is_refused() -> None:
    with pytest.raises(LogqlError, match="longer than 131072 characters"):
        parse_logql('{a="b"}' + " " * 131_072)


PIECES = st.sampled_from([
    '{a="b"}', "{", "}", "(", ")", "[5m]", "[", "]", "|", "|=", "!=", "|~", '"x"', "`y`", '"(',
    "json",
    "logfmt", "--strict", "pattern", '"<a> <_>"', "regexp", '"(?P<x>a)"', "unwrap", "duration", "x",
    "status", ">", ">=", "==", "=", "500", "1.5s", "2MB", "and", "or", "unless", ",", "ip",
    '"10.0.0.0/8"', "line_format", '"{{.a}}"', '"{{"', "label_format", "drop", "keep", "decolorize",
    "rate", "count_over_time", "sum", "by", "without", "topk", "quantile_over_time", "offset", "-",
    "+",
    "*", "/", "^", "%", "bool", "on", "ignoring", "group_left", "vector", "label_replace", "#",
    "\n",
    "0x1F", "1e309", ".5", "\u0661", "\udcff", "\x00",
])  # fmt: skip


@given(st.one_of(
    st.lists(PIECES, max_size=25).map(" ".join),
    st.lists(PIECES, max_size=12).map('{a="b"} | '.__add__("").join),
    st.text(max_size=40),
    st.text(alphabet=string.printable, max_size=60),
))  # fmt: skip
@example('{a="b"} | x = ip("0.0.0.0/0-")')
@example('{a="b"} | line_format "{{ printf }}"')
@example('rate({a="b"}[1e5s])')
@example("1e309")
@example(f'{{a="b"}} | x > 0x{"f" * 300}')
@example('{a="b"} | x > 1e309h or x > 1e309GB')
def test_any_text_is_read_or_refused_with_its_own_error(text: str) -> None:
    try:
        query = parse_logql(text)
    except LogqlError:
        return
    assert parse_logql(to_text(query)) == query

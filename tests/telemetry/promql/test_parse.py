"""The parser: what binds to what, and where an error is said to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchbill.telemetry.promql import ast
from watchbill.telemetry.promql.errors import ParseError
from watchbill.telemetry.promql.format import to_text
from watchbill.telemetry.promql.parse import parse, parse_selector


def bound(expr: ast.Expr) -> str:
    """The query with every operation in brackets."""
    match expr:
        case ast.Binary(op, left, right):
            return f"[{bound(left)} {op} {bound(right)}]"
        case ast.Unary(op, inner):
            return f"[{op}{bound(inner)}]"
        case ast.Paren(inner):
            return bound(inner)
        case _:
            return to_text(expr)


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("a + b * c", "[a + [b * c]]"),
        ("a * b + c", "[[a * b] + c]"),
        ("a - b - c", "[[a - b] - c]"),
        ("a ^ b ^ c", "[a ^ [b ^ c]]"),
        ("-a ^ b", "[-[a ^ b]]"),
        ("-1 ^ 2", "[-[1 ^ 2]]"),
        ("-a * b", "[[-a] * b]"),
        ("a or b and c", "[a or [b and c]]"),
        ("a and b unless c", "[[a and b] unless c]"),
        ("a == b + c", "[a == [b + c]]"),
        ("a < bool b == bool c", "[[a < b] == c]"),
        ("a atan2 b % c", "[[a atan2 b] % c]"),
        ("(a + b) * c", "[[a + b] * c]"),
        ("a + -b", "[a + [-b]]"),
        ("a OR b", "[a or b]"),
    ],
)
def test_precedence(query: str, tree: str) -> None:
    assert bound(parse(query)) == tree


@pytest.mark.parametrize(
    ("query", "at", "message"),
    [
        ("", (0, 0), "no expression found"),
        ("  # nothing", (11, 11), "no expression found"),
        ("a +", (3, 3), "unexpected end of input in expression"),
        ("rate(a[5m)", (9, 10), 'unexpected ")" in range selector, expected "]"'),
        ("sum(a) by", (9, 9), "unexpected end of input in grouping opts"),
        ("a{b='c'", (7, 7), 'expected "}"'),
        ("a{b=5}", (4, 5), 'unexpected number "5" in label matching, expected string'),
        ("a{b=~'('}", (5, 8), "error parsing regexp"),
        ("nope(a)", (0, 4), 'unknown function with name "nope"'),
        ("rate(a)", (5, 6), 'expected type range vector in call to function "rate"'),
        ("a[5m]", None, ""),
        ("sum(a[5m])", (4, 9), "expected type instant vector in aggregation"),
        ("clamp(a, 1)", (0, 11), 'expected 3 argument(s) in call to "clamp", got 2'),
        ("{}", (0, 2), "at least one non-empty matcher"),
        ('a{x=~".*"}', None, ""),
        ('{x=~".*"}', (0, 9), "at least one non-empty matcher"),
        ("1 == 2", (0, 6), "comparisons between scalars must use BOOL modifier"),
        ("a + bool b", (4, 8), "bool modifier can only be used on comparison operators"),
        ("a and 1", (0, 7), 'set operator "and" not allowed'),
        ("a and on(x) group_left b", (6, 22), "no grouping allowed"),
        ("a * on(x) group_left(x) b", (10, 23), "must not occur in ON and GROUP clause"),
        ("a offset 5m offset 5m", (12, 21), "offset may not be set multiple times"),
        ("a @ 1 @ 2", (6, 9), "may not be set multiple times"),
        ("a @ Inf", (2, 7), "timestamp out of bounds"),
        ("(a) offset 5m", (4, 10), "must be preceded by"),
        ("a offset 5m [5m]", (0, 16), "no offset modifiers allowed before range"),
        ("a[5m][5m]", (0, 9), "ranges only allowed for vector selectors"),
        ("5foo", (0, 4), 'bad number or duration syntax: "5foo"'),
        ("5m3", (0, 3), "bad number or duration syntax"),
        ('"abc', (0, 1), "unterminated quoted string"),
        ("a\n  + ;", (6, 7), "unexpected character: ';'"),
        ("topk(a)", (0, 7), "wrong number of arguments for aggregate expression"),
        ('{"a", "b"}', (6, 9), "metric name must not be set twice"),
        ("round(a, 1,)", (10, 11), "trailing commas not allowed in function call args"),
        ("a b", (2, 3), 'unexpected identifier "b" in query'),
    ],
)
def test_errors_say_what_and_where(query: str, at: tuple[int, int] | None, message: str) -> None:
    if at is None:
        parse(query)
        return
    with pytest.raises(ParseError) as caught:
        parse(query)
    assert message in caught.value.message
    assert caught.value.position == at


def test_an_error_counts_lines_and_columns() -> None:
    with pytest.raises(ParseError, match=r"^2:5: parse error: unexpected character: ';'$"):
        parse("a\n  + ;")


def test_every_node_knows_its_characters() -> None:
    query = 'sum by (x) (rate(a{b="c"}[5m] offset 1m)) / 2'
    expr = parse(query)
    assert isinstance(expr, ast.Binary)
    assert isinstance(expr.left, ast.Aggregation)
    call = expr.left.inner
    assert isinstance(call, ast.Call)
    spans = [expr.span, expr.left.span, call.span, call.args[0].span]
    assert [query[span.start : span.end] for span in spans] == [
        query,
        query[:-4],
        'rate(a{b="c"}[5m] offset 1m)',
        'a{b="c"}[5m] offset 1m',
    ]


@pytest.mark.parametrize(
    "query",
    [
        "sum", "by", "offset", "sum + count", ":rule:x", "a{on='b'}", "start",
        "sum by (by) (a)", "{'quoted name', 'l.x'='y'}", "a{b='c',}", "count_values('x', a)",
        "a[5m:]", "a[300]", "a[5m:step()]", "a @ start() offset -5m", "rate(a[5m] @ 1 smoothed)",
        "1 + 0x1f", "NaN", "-Inf", "a + on() group_left fill(0) b", "SUM BY (x) (a)", "a # end",
    ],
)  # fmt: skip
def test_unusual_queries_that_are_fine(query: str) -> None:
    assert parse(to_text(parse(query))) == parse(query)


def test_durations_and_numbers_are_interchangeable() -> None:
    assert parse("a[5m]") == parse("a[300]")
    assert parse("a offset 1.5") == parse("a offset 1s500ms")
    number = parse("5m")
    assert isinstance(number, ast.Number)
    assert number.value == 300


def test_a_name_is_a_matcher_too() -> None:
    selector = parse_selector('up{job!="x"}')
    assert selector.name == "up"
    assert [str(matcher) for matcher in selector.matchers] == ['__name__="up"', 'job!="x"']
    with pytest.raises(ParseError):
        parse_selector("up + 1")


@pytest.mark.parametrize("query", ["(" * 2000 + "1" + ")" * 2000, "-" * 3000 + "a", "abs(" * 900])
def test_too_deep_a_query_is_an_error_not_a_crash(query: str) -> None:
    with pytest.raises(ParseError):
        parse(query)


SOUP = [
    "sum", "by", "(", ")", "[", "]", "{", "}", ",", ":", "@", "+", "-", "*", "^", "==", "=~", "=",
    "a", "b_total", "5m", "1", ".5", "0x", "'x'", '"y"', "offset", "bool", "on", "group_left",
    "rate", "topk", "inf", "nan", "start", "end", "step", "fill", "anchored", "#", "\n", "`", "\\",
]  # fmt: skip


@given(st.lists(st.sampled_from(SOUP), max_size=12).map(" ".join) | st.text(max_size=30))
def test_any_text_parses_or_says_where_it_does_not(text: str) -> None:
    try:
        expr = parse(text)
    except ParseError as error:
        start, end = error.position
        assert 0 <= start <= end <= len(text)
    else:
        assert parse(to_text(expr)) == expr

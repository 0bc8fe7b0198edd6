"""Log queries: what is read, what lines pass, where mistakes are shown."""

import pytest

from watchbill.telemetry.logs.logql import LineFilter, LogqlError, parse_logql


def test_reads_selector_and_filters() -> None:
    query = parse_logql('{app="a}b", env=~`x|y`} |= "err" != `de"bug` |~ "t[io]me" !~ "\\\\d"')
    assert [str(matcher) for matcher in query.matchers] == ['app="a}b"', 'env=~"x|y"']
    assert query.filters == (
        LineFilter("|=", "err"),
        LineFilter("!=", 'de"bug'),
        LineFilter("|~", "t[io]me"),
        LineFilter("!~", "\\d"),
    )


@pytest.mark.parametrize(
    ("one", "line", "stays"),
    [
        (LineFilter("|=", "a.c"), "xa.cx", True),
        (LineFilter("|=", "a.c"), "abc", False),
        (LineFilter("!=", "a"), "b", True),
        (LineFilter("|~", "a.c"), "xabcx", True),
        (LineFilter("!~", "(?i)ABC"), "xabcx", False),
    ],
)
def test_which_lines_stay(one: LineFilter, line: str, stays: bool) -> None:
    assert one.keeps(line) is stays


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "stream selector"),
        ("app", "stream selector"),
        ("{app=}", "parse error"),
        ('{app="a"} | json', r"1:10: only line filters .* not '\| json'"),
        ('{app="a"} |~ "("', "1:14: error parsing regexp"),
        ('{app="a"} |= err', "only line filters"),
    ],
)
def test_mistakes_are_shown(text: str, says: str) -> None:
    with pytest.raises(LogqlError, match=says):
        parse_logql(text)

"""Label matchers read, written and applied as Alertmanager does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchbill.alerts.matchers import (
    Matcher,
    WrongMatcher,
    from_json,
    match_all,
    narrows,
    parse,
)

LABELS = {"alertname": "DiskFull", "instance": "db-1:9100"}


@pytest.mark.parametrize(
    ("text", "meets"),
    [
        ("alertname=DiskFull", True),
        ('alertname="DiskFull"', True),
        ('{alertname="DiskFull", instance=~"db-.*"}', True),
        ('instance=~"db"', False),  # the whole value must match
        ('instance!~"web-.*"', True),
        ('alertname!="DiskFull"', False),
        ('team=""', True),  # an absent label counts as empty
        ('team!=""', False),
    ],
)
def test_what_meets_a_condition(text: str, meets: bool) -> None:
    assert match_all(parse(text), LABELS) is meets


@pytest.mark.parametrize("text", ["DiskFull", "=x", 'a="b" c="d"', 'a=~"("', '1a="b"'])
def test_what_is_no_matcher_is_refused(text: str) -> None:
    with pytest.raises(WrongMatcher):
        parse(text)


def test_a_silence_of_everything_is_recognised() -> None:
    assert not narrows(parse('team=~".*"'))
    assert not narrows([])
    assert narrows(parse('team=~".*", alertname="X"'))


matchers = st.builds(
    Matcher,
    name=st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True),
    value=st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=20),
    equal=st.booleans(),
)


@given(st.lists(matchers, min_size=1, max_size=4))
def test_what_is_written_is_read_again(wanted: list[Matcher]) -> None:
    assert parse(", ".join(map(str, wanted))) == wanted
    assert from_json([one.as_json() for one in wanted]) == wanted

"""Rule files: what is read, and what a refusal says."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchbill.alerts.rulefile import WrongFile, parse, seconds, words

GOOD = """
groups:
  - name: web
    interval: 30s
    limit: 10
    labels: {team: shop}
    rules:
      - alert: Errors
        expr: errors > 1
        for: 1m30s
        keep_firing_for: 5m
        labels: {severity: critical}
        annotations: {summary: 'too many on {{ $labels.host }}'}
      - record: job:errors
        expr: sum(errors)
"""


def test_a_group_is_read() -> None:
    (group,) = parse(GOOD)
    (rule,) = group.rules
    assert (group.name, group.interval, group.limit) == ("web", 30.0, 10)
    assert (rule.line, rule.name, rule.expr) == (8, "Errors", "errors > 1")
    assert (rule.hold, rule.keep_firing) == (90.0, 300.0)
    assert rule.labels == {"team": "shop", "severity": "critical"}
    assert group.skipped == ("job:errors",)


def test_an_empty_file_has_no_groups() -> None:
    assert parse("") == parse("groups:\n") == []


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("groups: [", 1, "expected"),
        ("rules: []", 1, "'rules' is not known"),
        ("groups:\n- rules: []", 2, "no name"),
        ("groups:\n- name: a\n- name: a", 3, "two groups"),
        ("groups:\n- name: a\n  rules:\n  - alert: X\n    exp: up", 5, "'exp'"),
        ("groups:\n- name: a\n  rules:\n  - alert: X", 4, "no `expr`"),
        ("groups:\n- name: a\n  rules:\n  - expr: up", 4, "either"),
        ("groups:\n- name: a\n  rules:\n  - {alert: X, expr: up, for: 5 min}", 4, "duration"),
        ("groups:\n- name: a\n  rules:\n  - {alert: X, expr: up, labels: {a-b: c}}", 4, "label"),
        ("groups:\n- name: a\n  interval: 0s", 2, "one second"),
        ("groups:\n- name: a\n  rules: {}", 3, "list"),
        ("groups:\n- name: a\n  name: b", 3, "twice"),
        ("groups:\n- name: a\n  limit: many", 3, "number"),
        ("groups:\n- name: a\n  query_offset: 1m", 3, "not supported"),
        (
            "groups:\n- name: a\n  rules:\n  - alert: X\n    expr: up\n    annotations:\n"
            "      summary: '{{ query }}'",
            7,
            "'query'",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(text: str, line: int, word: str) -> None:
    with pytest.raises(WrongFile) as refused:
        parse(text)
    assert refused.value.line == line
    assert word in refused.value.what


@given(st.integers(0, 10**9))
def test_durations_are_read_as_they_are_written(milliseconds: int) -> None:
    assert round(seconds(words(milliseconds / 1000)) * 1000) == milliseconds


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(WrongFile):
        parse(text)

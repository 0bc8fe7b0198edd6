# ruff: noqa: E501 (tables read best as tables)
"""Relabelling, rule by rule; expectations from Prometheus's model/relabel/relabel_test.go."""

import pytest

from watchbill.telemetry.promql.storage import PatternError
from watchbill.telemetry.scrape.relabel import Relabeller, Rule

GIVEN = {"a": "foo", "b": "bar", "c": "baz"}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            Rule(source_labels=("a",), regex="f(.*)", target_label="d", replacement="ch${1}-ch${1}"),
            {**GIVEN, "d": "choo-choo"},
        ),
        (
            Rule(source_labels=("a", "b"), regex="foo;b(.*)r", target_label="a", replacement="b$1z"),
            {**GIVEN, "a": "baz"},
        ),
        (Rule(source_labels=("a",), regex="oo", target_label="d"), GIVEN),
        (Rule(source_labels=("a",), regex="f(.*)", target_label="b", replacement=""), {"a": "foo", "c": "baz"}),
        (Rule(source_labels=("a",), target_label="d_$1"), {**GIVEN, "d_foo": "foo"}),
        (Rule(source_labels=("a",), target_label="d", replacement="$$x"), {**GIVEN, "d": "$x"}),
        (Rule("keep", ("a",), regex="f.*"), GIVEN),
        (Rule("keep", ("a",), regex="no"), None),
        (Rule("drop", ("a",), regex=".*o.*"), None),
        (Rule("drop", ("a",), regex="f"), GIVEN),
        (Rule("keepequal", ("a",), target_label="b"), None),
        (Rule("dropequal", ("a",), target_label="b"), GIVEN),
        (Rule("hashmod", ("c",), target_label="d", modulus=1000), {**GIVEN, "d": "976"}),
        (Rule("lowercase", ("a",), target_label="d"), {**GIVEN, "d": "foo"}),
        (Rule("uppercase", ("a",), target_label="d"), {**GIVEN, "d": "FOO"}),
        (Rule("labelmap", regex="(a|b)", replacement="x_$1"), {**GIVEN, "x_a": "foo", "x_b": "bar"}),
        (Rule("labeldrop", regex="[ab]"), {"c": "baz"}),
        (Rule("labelkeep", regex="[ab]"), {"a": "foo", "b": "bar"}),
    ],
)  # fmt: skip
def test_one_rule(rule: Rule, expected: dict[str, str] | None) -> None:
    assert Relabeller([rule]).apply(GIVEN) == expected


def test_rules_follow_each_other() -> None:
    rules = [
        Rule(source_labels=("a",), target_label="d"),
        Rule("drop", ("d",), regex="foo"),
        Rule(source_labels=("a",), target_label="never"),
    ]
    assert Relabeller(rules).apply(GIVEN) is None


def test_a_bad_pattern_is_refused_when_made() -> None:
    with pytest.raises(PatternError):
        Relabeller([Rule(regex="(")])

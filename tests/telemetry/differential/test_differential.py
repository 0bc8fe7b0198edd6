"""Generated queries beside Debian's Prometheus, on a recording of what was really scraped.

The long form, over freshly scraped samples: `python -m tests.telemetry.differential`.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.telemetry.differential import live, recording
from tests.telemetry.differential.__main__ import Outcome, compare
from tests.telemetry.differential.answers import Answer, Question, difference
from tests.telemetry.differential.explain import CHANGES, evaluate_here, explain
from tests.telemetry.differential.grammar import Grammar, Moments
from tests.telemetry.differential.recording import Recording, Stored

from watchbill.telemetry.promql.errors import PromqlError
from watchbill.telemetry.promql.parse import parse

QUERIES = 150
RECORDED = Path(__file__).parent / "recorded.xz"


@pytest.fixture(scope="module")
def recorded() -> Recording:
    return recording.load(RECORDED)


@pytest.fixture(scope="module")
def outcome(recorded: Recording) -> Iterator[Outcome]:
    if program := live.missing():
        pytest.skip(f"{program} is not installed")
    with live.replayed(recorded) as both:
        assert both.unequal_series() == []
        yield compare(both, QUERIES, seed=1)


@pytest.mark.server
@pytest.mark.peer
def test_every_difference_is_a_known_change_of_definition(outcome: Outcome) -> None:
    assert outcome.unexplained == []
    assert outcome.equal > QUERIES * 0.95


@pytest.mark.server
@pytest.mark.peer
def test_the_queries_are_worth_asking(outcome: Outcome) -> None:
    assert outcome.answered > QUERIES / 2
    assert outcome.failed > 0


def test_a_recording_is_read_as_it_was_written(recorded: Recording, tmp_path: Path) -> None:
    recording.save(recorded, tmp_path / "again.xz")
    again = recording.load(tmp_path / "again.xz")
    assert repr(sorted(again.items())) == repr(sorted(recorded.items()))
    markers = [
        value for samples in again.values() for _, value in samples if recording.is_marker(value)
    ]
    assert len(markers) >= len(again) - 1, "every series has ended"


def test_the_recording_tells_nothing_about_a_machine(recorded: Recording) -> None:
    for labels in recorded:
        values = dict(labels)
        assert values["instance"] in {"prometheus-1", "node-1", "watchbill-1"}
        assert not any(value.startswith(("/home", "/root", "/tmp")) for value in values.values())
    assert RECORDED.stat().st_size < 300_000


def test_the_same_seed_asks_the_same_and_nearly_all_of_it_is_valid(recorded: Recording) -> None:
    moments = Moments.of(recorded)
    first, second = (Grammar(recorded, random.Random(3), moments) for _ in range(2))
    asked = [first.question() for _ in range(500)]
    assert asked == [second.question() for _ in range(500)]
    assert len({question.text for question in asked}) > 450
    assert sum(map(is_valid, asked)) > 450


def is_valid(question: Question) -> bool:
    try:
        parse(question.text)
    except PromqlError:
        return False
    return True


def test_a_moment_never_meets_a_sample(recorded: Recording) -> None:
    moments, chance = Moments.of(recorded), random.Random(4)
    taken = {t for samples in recorded.values() for t, _ in samples}
    for _ in range(1000):
        at = moments.at(chance)
        assert not taken & {at, at - 5000, at - 11_500, at - 60_000}


# The judge itself: it has to notice what is wrong, and must not explain it away.

AT = 1_000_000
QUESTION = Question("sum(up)", AT, AT, 0)
ONE = Answer("vector", {((), AT): 1.0}, ((),))


@pytest.mark.parametrize(
    "other",
    [
        replace(ONE, points={((), AT): 1.00000001}),
        replace(ONE, points={((), AT): float("nan")}),
        replace(ONE, points={((), AT + 1): 1.0}),
        replace(ONE, points={((("a", "b"),), AT): 1.0}),
        replace(ONE, points={}),
        replace(ONE, kind="scalar"),
        Answer("error execution", text="no"),
    ],
)
def test_a_planted_difference_is_seen_and_not_explained(other: Answer) -> None:
    stored = Stored({(("__name__", "up"),): [(AT - 5, 1.0)]})
    assert difference(evaluate_here(QUESTION, stored), ONE) == ""
    assert difference(ONE, other)
    assert explain(QUESTION, ONE, other, stored) == ""


def test_rounding_and_ties_are_told_from_errors() -> None:
    stored = Stored(
        {
            (("__name__", "a"), ("i", "1")): [(AT - 5, 0.1)],
            (("__name__", "a"), ("i", "2")): [(AT - 5, 0.1)],
        }
    )
    spread = Question("stddev(a)", AT, AT, 0)
    ours = evaluate_here(spread, stored)
    assert "rounding" in explain(spread, ours, replace(ONE, points={((), AT): 1e-17}), stored)
    assert explain(spread, ours, replace(ONE, points={((), AT): 1e-9}), stored) == ""
    best = Question("topk(1, a)", AT, AT, 0)
    ours = evaluate_here(best, stored)
    other = {(((("__name__", "a"), ("i", str(i)))), AT): 0.1 for i in (1, 2)}
    (tied,) = other.keys() - ours.points.keys()
    assert "equal values" in explain(best, ours, replace(ours, points={tied: 0.1}), stored)
    assert "equal values" in explain(best, replace(ours, points={tied: 0.1}), ours, stored)
    assert explain(best, ours, replace(ours, points={tied: 0.2}), stored) == ""


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_an_old_definition_is_put_back_for_a_while_only(change: object) -> None:
    queries = (
        'sum(rate({__name__=~"a_total|c_total"}[1m]))',
        "a_total atan2 1",
        "rate(a_total[1m])",
        "predict_linear(a_total[20s] @ 985, 0)",
        "stddev by (i) (a_total * NaN)",
        "hour(a_total * NaN)",
        'count_values("a-b", a_total)',
        "a_total > on () b",
    )
    stored = Stored(
        {
            (("__name__", "a_total"), ("i", "1")): [(AT - 30_000, 9.0), (AT - 20_000, 19.0)],
            (("__name__", "a_total"), ("i", "2")): [(AT - 31_000, 1.0), (AT - 20_000, 2.0)],
            (("__name__", "c_total"), ("i", "1")): [(AT - 31_000, 1.0), (AT - 20_000, 2.0)],
            (("__name__", "b"),): [(AT - 5, 10.0)],
        }
    )
    asked = [Question(query, AT - 10_000, AT, 10_000) for query in queries]
    before = [evaluate_here(question, stored) for question in asked]
    with change.old():
        old = [evaluate_here(question, stored) for question in asked]
    after = [evaluate_here(question, stored) for question in asked]
    assert not any(map(difference, before, after))
    assert any(map(difference, before, old)), "the old definition shows nowhere"

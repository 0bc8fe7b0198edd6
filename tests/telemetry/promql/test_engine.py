"""Asking: kinds of results, limits, and errors that are errors and not crashes."""

import math
import time

import numpy as np
import pytest

from watchbill.telemetry.promql.engine import instant, range_
from watchbill.telemetry.promql.errors import (
    EvalError,
    ParseError,
    QueryCanceledError,
    QueryTimeoutError,
    TooManySamplesError,
)
from watchbill.telemetry.promql.functions.registry import FUNCTIONS
from watchbill.telemetry.promql.parse import parse
from watchbill.telemetry.promql.scope import Limits
from watchbill.telemetry.promql.signatures import SIGNATURES
from watchbill.telemetry.promql.storage import InMemory

pytestmark = pytest.mark.usefixtures("both_ways")


@pytest.fixture
def store() -> InMemory:
    store = InMemory()
    for job in ("b", "a"):
        samples = [(at * 1000, float(at)) for at in range(0, 600, 10)]
        store.add({"__name__": "n_total", "job": job}, samples)
    return store


def test_every_function_that_parses_runs() -> None:
    assert FUNCTIONS.keys() == SIGNATURES.keys()


def test_a_scalar_a_string_a_vector_and_a_matrix(store: InMemory) -> None:
    assert instant(store, "1 + 1", 5000).scalar == 2
    assert instant(store, "'\\xff'", 5000).text == "\ufffd"
    vector = instant(store, "n_total", 60_000)
    assert vector.type == "vector"
    assert vector.vector() == {
        (("__name__", "n_total"), ("job", "a")): 60,
        (("__name__", "n_total"), ("job", "b")): 60,
    }
    assert vector.data.t.tolist() == [60_000, 60_000]
    matrix = instant(store, "n_total[20s]", 60_000)
    assert matrix.type == "matrix"
    assert matrix.data.t.tolist() == [50_000, 60_000] * 2


def test_a_subquery_shows_what_its_inside_is_called(store: InMemory) -> None:
    matrix = instant(store, "rate(n_total[1m])[2m:1m]", 300_000)
    assert matrix.data.labels == [(("job", "a"),), (("job", "b"),)]
    with pytest.raises(EvalError, match="same labelset"):
        instant(store, 'abs(label_replace(n_total, "job", "", "", "") or n_total)[1m:]', 300_000)


def test_a_range_query_sorts_and_leaves_gaps_out(store: InMemory) -> None:
    result = range_(store, "n_total > 565", 0, 600_000, 10_000)
    assert result.type == "matrix"
    assert [dict(labels)["job"] for labels in result.data.labels] == ["a", "b"]
    assert result.data.t.tolist() == [570_000, 580_000, 590_000, 600_000] * 2
    assert range_(store, "1", 0, 1000, 1000).data.v.tolist() == [1, 1]


def test_a_parsed_query_can_be_asked_again(store: InMemory) -> None:
    expr = parse("sum(n_total)")
    assert [instant(store, expr, at).vector()[()] for at in (0, 10_000)] == [0, 20]


def test_the_lookback_can_be_set(store: InMemory) -> None:
    assert instant(store, "n_total", 690_000, lookback_ms=60_000).vector() == {}
    assert len(instant(store, "n_total", 690_000).vector()) == 2


@pytest.mark.parametrize("query", ["n_total", "sum(rate(n_total[5m]))", "n_total[5m]"])
def test_too_many_samples_are_refused(store: InMemory, query: str) -> None:
    with pytest.raises(TooManySamplesError):
        instant(store, query, 300_000, limits=Limits(max_samples=1))


def test_a_range_of_too_many_steps_is_refused_before_it_is_held(store: InMemory) -> None:
    with pytest.raises(TooManySamplesError):
        range_(store, "n_total", 0, 2**50, 1)
    with pytest.raises(TooManySamplesError):
        instant(store, "max_over_time(n_total[1000d:1ms])", 0)


def test_a_passed_deadline_ends_the_query(store: InMemory) -> None:
    with pytest.raises(QueryTimeoutError):
        instant(store, "n_total", 0, limits=Limits(deadline=time.monotonic() - 1))


def test_a_query_ends_when_nobody_waits_for_it(store: InMemory) -> None:
    answers = iter([False, False, True])
    with pytest.raises(QueryCanceledError):
        range_(
            store,
            "sum(n_total) + sum(n_total) + sum(n_total)",
            0,
            600_000,
            1000,
            limits=Limits(canceled=lambda: next(answers, True)),
        )


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("topk(NaN, n_total)", "Parameter value is NaN"),
        ("topk(1e30, n_total)", r"Scalar value 1e\+30 overflows int64"),
        ('count_values("", n_total)', "invalid label name"),
        ("n_total[-5m]", "duration must be greater than 0"),
        ("rate(n_total[5m:-1m])", "duration must be greater than 0"),
        ("double_exponential_smoothing(n_total[5m], 0, 0.5)", "invalid smoothing factor"),
        ('label_replace(n_total, "", "", "", "")', "invalid destination label name"),
        ('label_replace(n_total, "x", "$1", "job", "(")', "invalid regular expression"),
        ('label_replace(n_total, "x", "\\xff", "job", ".*")', "invalid UTF-8"),
        ("n_total anchored", "anchored modifier can only be used with range vector"),
        ("n_total offset 200y + n_total @ 9e12", ""),
    ],
)
def test_what_cannot_be_answered_says_why(store: InMemory, query: str, message: str) -> None:
    if not message:
        assert instant(store, query, 0).vector() == {}
        return
    with pytest.raises(EvalError, match=message):
        instant(store, query, 300_000)


def test_a_range_query_needs_a_step_and_an_end(store: InMemory) -> None:
    for start, end, step in ((0, 1, 0), (1, 0, 1)):
        with pytest.raises(EvalError):
            range_(store, "1", start, end, step)
    with pytest.raises(ParseError):
        range_(store, "n_total[", 0, 1, 1)


def test_a_long_chain_of_operators_is_no_problem(store: InMemory) -> None:
    assert instant(store, " + ".join(["1"] * 400), 0).scalar == 400


def test_functions_of_native_histograms_leave_numbers_out(store: InMemory) -> None:
    assert instant(store, "histogram_count(n_total)", 60_000).vector() == {}


def test_nothing_gives_nothing() -> None:
    empty = InMemory()
    for query in (
        "a", "sum(a)", "topk(1, a)", "rate(a[5m])", "a + b", "a or b", "histogram_quantile(1, a)",
        "count_values('x', a)", "label_replace(a, 'b', '', 'c', '')", "sort(a)", "-a", "a > 1",
        "a[5m]", "info(a)", "sort_by_label(a, 'x')", "quantile(0.5, a)", "a @ 5 smoothed",
        "a + on() fill(0) b", "rate(a[5m] smoothed)", "limit_ratio(0.5, a)", "a[5m:1m]",
    ):  # fmt: skip
        assert len(instant(empty, query, 0).data) == 0, query
    assert math.isnan(instant(empty, "scalar(a)", 0).scalar)
    assert instant(empty, "absent(a)", 0).vector() == {(): 1}


def test_the_numbers_of_a_result_are_plain_arrays(store: InMemory) -> None:
    data = range_(store, "sum by (job) (n_total)", 0, 60_000, 10_000).data
    assert (data.t.dtype, data.v.dtype, data.starts.dtype) == (np.int64, np.float64, np.int64)
    assert data.starts.tolist() == [0, 7, 14]


@pytest.mark.parametrize("query", ["a[1m]", "a[5m:1m]", "'text'"])
def test_a_range_query_of_another_type_is_the_askers_mistake(query: str) -> None:
    kind = "string" if "text" in query else "range vector"
    with pytest.raises(ParseError) as caught:
        range_(InMemory(), query, 0, 1000, 1000)
    assert str(caught.value) == (
        f'invalid expression type "{kind}" for range query, must be Scalar or instant Vector'
    )
    assert caught.value.position == (0, len(query))

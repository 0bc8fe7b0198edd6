"""Values as the Prometheus API shows them."""

import math
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from tests.promqltest.histograms import histograms

from watchbill.telemetry.http import answers, loki_parameters
from watchbill.telemetry.promql.engine import instant, range_
from watchbill.telemetry.promql.numbers import format_sample, format_short
from watchbill.telemetry.promql.storage import InMemory, Selection


@pytest.fixture
def store() -> InMemory:
    store = InMemory()
    (one,) = histograms(
        "{{count:8 sum:5 z_bucket:2 z_bucket_w:0.001 buckets:[1 2 0 1] n_buckets:[2]}}"
    )
    store.add({"__name__": "h"}, [(0, one), (1000, 3.0), (2500, one)])
    return store


SHOWN = {
    "count": "8",
    "sum": "5",
    "buckets": [
        [1, "-1", "-0.5", "2"],
        [3, "-0.001", "0.001", "2"],
        [0, "0.5", "1", "1"],
        [0, "1", "2", "2"],
        [0, "4", "8", "1"],
    ],
}


def test_a_matrix_has_numbers_and_histograms_apart(store: InMemory) -> None:
    (series,) = answers.matrix(instant(store, "h[1m]", 2500).data)
    assert series == {
        "metric": {"__name__": "h"},
        "values": [(1, "3")],
        "histograms": [(0, SHOWN), (2.5, SHOWN)],
    }
    (only,) = answers.matrix(range_(store, "h", 2500, 3500, 1000).data)
    assert only.keys() == {"metric", "histograms"}


def test_a_vector_has_either(store: InMemory) -> None:
    assert answers.vector(instant(store, "h", 0).data) == [
        {"metric": {"__name__": "h"}, "histogram": (0, SHOWN)}
    ]
    assert answers.vector(instant(store, "h", 1000).data) == [
        {"metric": {"__name__": "h"}, "value": (1, "3")}
    ]


def test_custom_bounds_and_no_buckets_at_all(store: InMemory) -> None:
    store.add(
        {"__name__": "c"},
        [(0, histograms("{{schema:-53 count:3 custom_values:[5] buckets:[1 2]}}")[0])],
    )
    (found,) = answers.vector(instant(store, "c", 0).data)
    assert found["histogram"][1]["buckets"] == [[3, "-Inf", "5", "1"], [0, "5", "+Inf", "2"]]
    (empty,) = answers.vector(instant(store, "c * 0", 0).data)
    assert empty["histogram"][1] == {"count": "0", "sum": "0"}


def test_numbers_alone_need_no_histograms() -> None:
    data = Selection([()], np.array([0, 2]), np.array([0, 1500]), np.array([1.0, math.nan]))
    assert answers.matrix(data) == [{"metric": {}, "values": [(0, "1"), (1.5, "NaN")]}]


def test_of_many_warnings_ten_are_shown() -> None:
    notes = [f"note {number}" for number in range(12)]
    shown = msgspec.json.decode(answers.success([], notes, notes[:10]).body)
    assert shown["warnings"] == [*notes[:10], "2 more warning annotations omitted"]
    assert shown["infos"] == notes[:10]
    assert "infos" not in msgspec.json.decode(answers.success([]).body)


def test_a_scalar_has_no_exponent() -> None:
    assert answers.scalar(1500, 1e-7) == [1.5, "0.0000001"]
    data = Selection([()], np.array([0, 1]), np.array([1500]), np.array([1e-7]))
    assert answers.vector(data) == [{"metric": {}, "value": (1.5, "1e-07")}]


@pytest.mark.parametrize(
    ("value", "sample", "short"),
    [
        (0.0, "0", "0"),
        (-0.0, "-0", "-0"),
        (1.5, "1.5", "1.5"),
        (123456.0, "123456", "123456"),
        (1234567.0, "1234567", "1.234567e+06"),
        (0.0001, "0.0001", "0.0001"),
        (0.00002, "0.00002", "2e-05"),
        (-0.0000002, "-2e-07", "-2e-07"),
        (1e21, "1e+21", "1e+21"),
        (1.7976931348623157e308, "1.7976931348623157e+308", "1.7976931348623157e+308"),
        (math.inf, "+Inf", "+Inf"),
    ],
)
def test_numbers_are_written_as_go_writes_them(value: float, sample: str, short: str) -> None:
    assert (format_sample(value), format_short(value)) == (sample, short)


@pytest.mark.parametrize("text", ["²", "9" * 5000, "9" * 400 + "d", "nan", "-Inf", "1e300"])
@pytest.mark.parametrize(
    "read",
    [
        lambda given: given.count("x"),
        lambda given: given.time_ms("x"),
        lambda given: given.duration_ms("x"),
        lambda given: loki_parameters.time_ns(given, "x", 0),
        lambda given: loki_parameters.duration_ns(given, "x", 0),
        lambda given: loki_parameters.count(given, "x", 0),
    ],
)
def test_numbers_that_are_none_or_too_long_are_told(
    read: Callable[[answers.Parameters], object], text: str
) -> None:
    with pytest.raises(answers.ApiError) as told:
        read(answers.Parameters({"x": [text]}))
    assert told.value.kind == "bad_data"

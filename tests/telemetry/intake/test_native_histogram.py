"""Native histograms off the wire: what was encoded comes back, what cannot be is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.telemetry import bodies
from tests.telemetry.intake.histograms import custom, exponential

from watchbill.telemetry.intake.messages import Messages
from watchbill.telemetry.intake.native_histogram import (
    MESSAGES,
    BadHistogramError,
    from_message,
    reduced,
)
from watchbill.telemetry.promql.histogram import Buckets, Histogram

T = 1_700_000_000_000
KINDS = Messages("tests.native", MESSAGES)


def read(data: bytes) -> Histogram:
    return from_message(KINDS.read("Histogram", data))


@given(exponential() | custom())
def test_whole_counts_come_back(histogram: Histogram) -> None:
    assert read(bodies.histogram(T, histogram)).pack() == histogram.pack()


@given(exponential(whole=False))
def test_fractions_come_back(histogram: Histogram) -> None:
    assert read(bodies.histogram(T, histogram, whole=False)).pack() == histogram.pack()


def one(index: list[int], counts: list[float]) -> Buckets:
    return Buckets(np.array(index, np.int32), np.array(counts))


@pytest.mark.parametrize(
    ("histogram", "reason"),
    [
        (Histogram(-5, 0.0, 0.0), "unknown schema -5"),
        (Histogram(53, 0.0, 0.0), "unknown schema 53"),
        (Histogram(0, 3.0, 1.0, positive=one([1], [2.0])), "hold 2 of 3"),
        (Histogram(0, 1.0, 1.0, bounds=np.array([1.0])), "custom bounds in an exponential"),
        (Histogram(0, 0.0, 0.0, zero_threshold=-1.0), "ends below zero"),
        (Histogram(-53, 1.0, 1.0, zero_count=1.0), "no zero bucket"),
        (Histogram(-53, 1.0, 1.0, positive=one([0], [1.0]), bounds=np.array([2.0, 1.0])), "ascend"),
        (Histogram(-53, 1.0, 1.0, positive=one([2], [1.0]), bounds=np.array([1.0])), "beyond"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(histogram: Histogram, reason: str) -> None:
    with pytest.raises(BadHistogramError, match=reason):
        read(bodies.histogram(T, histogram, whole=histogram.count != 1.0 or histogram.schema != 0))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bodies.field(11, bodies.number(2, 4_000_000_000)), "do not cover"),
        (bodies.field(11, bodies.signed(1, 1) + bodies.number(2, 1))
         + bodies.field(11, bodies.signed(1, -2) + bodies.number(2, 1))
         + bodies.deltas(12, [1, 1]), "goes back by 2"),
        (bodies.field(11, bodies.number(2, 1)) + bodies.deltas(12, [-1]), "less than nothing"),
        (bodies.field(11, bodies.number(2, 1)) + bodies.deltas(12, [1]) + bodies.doubles(13, [1.0]),
         "both as counts"),
        (b"".join(bodies.field(11, bodies.signed(1, 2**31 - 1) + bodies.number(2, 1))
                  for _ in range(2)) + bodies.deltas(12, [1, 1]), "outside"),
    ],
)  # fmt: skip
def test_spans_that_lie_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(BadHistogramError, match=reason):
        read(data)


@given(exponential(), st.integers(1, 4))
def test_a_coarser_schema_keeps_every_observation_where_it_was(told: Histogram, by: int) -> None:
    coarse = reduced(told, told.schema - by)
    for before, after in ((told.positive, coarse.positive), (told.negative, coarse.negative)):
        assert after.counts.sum() == before.counts.sum()
        assert (np.diff(after.index) > 0).all()
        # the bucket's upper end moves up to the next coarse one, and no further
        wider = np.ceil(before.index / 2**by)
        assert set(wider.astype(int)) == set(after.index.tolist())


def test_a_finer_schema_than_is_stored_is_merged() -> None:
    told = read(bodies.histogram(T, Histogram(10, 5.0, 9.0, positive=one([1, 4, 5], [1, 2, 2]))))
    assert told.schema == 8
    assert told.positive.index.tolist() == [1, 2]
    assert told.positive.counts.tolist() == [3.0, 2.0]

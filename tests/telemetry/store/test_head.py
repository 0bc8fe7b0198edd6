"""The head against a dictionary: whatever order samples come in, they come out in theirs."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.telemetry.machine_code import in_use

from watchbill.telemetry.store.chunks import HOUR_MS
from watchbill.telemetry.store.head import NEVER, PAGE, Columns, Head

pytestmark = pytest.mark.usefixtures("both_ways")


def columns(rows: list[tuple[int, int, float]]) -> Columns:
    return Columns(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float64),
    )


def rows(found: Columns) -> list[tuple[int, int, float]]:
    return list(zip(found.slots.tolist(), found.t.tolist(), found.v.tolist(), strict=True))


ROW = st.tuples(st.integers(0, 5), st.integers(0, 300), st.floats(allow_nan=False))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(ROW, max_size=150), max_size=6), st.integers(0, 300))
def test_gives_back_every_sample_once_in_order(
    batches: list[list[tuple[int, int, float]]], start: int
) -> None:
    head, first_wins = Head(), {}
    for batch in batches:
        for slot, t, v in sorted(batch, key=lambda row: row[:2]):
            first_wins.setdefault((slot, t), v)
        head.append(columns(batch))
    expected = [(slot, t, v) for (slot, t), v in sorted(first_wins.items())]
    assert rows(head.gather(None, 0, 300)) == expected
    some = np.array([1, 4], np.int64)
    assert rows(head.gather(some, start, 200)) == [
        row for row in expected if row[0] in (1, 4) and start <= row[1] <= 200
    ]
    assert head.samples == sum(map(len, batches))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(ROW, max_size=60), max_size=4), st.sets(st.integers(0, 4)))
def test_an_hour_that_leaves_can_be_read_until_it_is_released(
    batches: list[list[tuple[int, int, float]]], leave: set[int]
) -> None:
    head, first_wins = Head(), {}
    for batch in batches:
        spread = [(slot, t // 60 * HOUR_MS + t, v) for slot, t, v in batch]
        for slot, t, v in sorted(spread, key=lambda row: row[:2]):
            first_wins.setdefault((slot, t), v)
        assert set(head.append(columns(spread))) == {t // HOUR_MS for _, t, _ in spread}
    expected = [(slot, t, v) for (slot, t), v in sorted(first_wins.items())]
    head.detach(leave & head.hours.keys())
    assert rows(head.gather(None, 0, 6 * HOUR_MS)) == expected
    head.append(columns([(2, 1000, 1.0)]))
    assert (2, 1000, 1.0) in rows(head.gather(None, 1000, 1000))
    head.release()
    kept = [row for row in expected if row[1] // HOUR_MS not in leave and row[:2] != (2, 1000)]
    assert [row for row in rows(head.gather(None, 0, 6 * HOUR_MS)) if row[1] != 1000] == kept


def test_knows_the_newest_even_after_it_was_dropped() -> None:
    head = Head()
    head.append(columns([(0, 10, 1.0), (0, 20, 2.0), (0, 15, 3.0)]))
    head.detach([0])
    head.release()
    slots = np.array([0, 7], np.int64)
    assert head.newest(slots).tolist() == [20, NEVER]
    assert head.newest_value(slots)[0] == 2.0
    assert head.samples == 0


def test_many_samples_of_one_series_fill_many_pages() -> None:
    head, count = Head(), PAGE * 3 + 5
    head.append(columns([(0, t, float(t)) for t in range(7)]))
    head.append(columns([(0, t, float(t)) for t in range(7, count)]))
    assert rows(head.gather(None, 0, count)) == [(0, t, float(t)) for t in range(count)]


@pytest.fixture(scope="module")
def machine() -> Iterator[None]:
    with in_use():
        yield


@pytest.mark.usefixtures("machine")
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(ROW, max_size=70), max_size=8), st.integers(0, 100))
def test_machine_code_takes_only_the_usual_batch_and_the_same_way(
    batches: list[list[tuple[int, int, float]]], oldest: int
) -> None:
    head, plain = Head(), Head()
    for batch in map(columns, batches):
        newest = head.newest(batch.slots)
        usual = (
            len(batch) > 0
            and len(set(batch.slots.tolist())) == len(batch)
            and bool((batch.t > newest).all())
            and bool(((batch.t >= oldest) & (batch.t <= 250)).all())
        )
        hour = head.usual_hour(batch, oldest, 250)
        assert (hour is not None) == usual
        if hour is not None:
            assert head.append_usual(batch, hour) == plain.append(batch) == [0]
        assert rows(head.gather(None, 0, 300)) == rows(plain.gather(None, 0, 300))
        assert head.newest(batch.slots).tolist() == plain.newest(batch.slots).tolist()
        known = plain.newest(batch.slots) > NEVER
        assert (
            head.newest_value(batch.slots)[known].tolist()
            == plain.newest_value(batch.slots)[known].tolist()
        )
        assert head.samples == plain.samples

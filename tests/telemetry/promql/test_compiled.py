"""Machine code gives what the NumPy kernels give."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.telemetry.machine_code import in_use

from watchbill.telemetry.promql.engine import range_
from watchbill.telemetry.promql.functions import ranges
from watchbill.telemetry.promql.functions.ranges import RANGE_FUNCTIONS
from watchbill.telemetry.promql.kernels import grouping
from watchbill.telemetry.promql.kernels.compiled import OPERATIONS, sweep
from watchbill.telemetry.promql.labels import LabelTable
from watchbill.telemetry.promql.storage import InMemory
from watchbill.telemetry.promql.symbols import Symbols
from watchbill.telemetry.promql.windows import Columns, find_windows

ENDS = np.arange(0, 300_000, 20_000)
thorough = settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=80)


@pytest.fixture(scope="module", autouse=True)
def compiled() -> Iterator[None]:
    with in_use():
        yield


numbers = st.integers(-3, 30).map(float) | st.floats(-1e6, 1e6) | st.just(np.nan)
series = st.dictionaries(st.integers(0, 300_000), numbers, max_size=25)


@pytest.mark.parametrize("function", OPERATIONS)
@thorough
@given(several=st.lists(series, min_size=1, max_size=4), range_ms=st.integers(1, 90_000))
def test_sweeping_gives_what_windows_give(
    function: str, several: list[dict[int, float]], range_ms: int
) -> None:
    flat = [sample for one in several for sample in sorted(one.items())]
    starts = np.cumsum([0, *map(len, several)]).astype(np.int64)
    t, v = np.array([t for t, _ in flat], np.int64), np.array([v for _, v in flat], np.float64)
    columns = Columns(starts, t, v)
    if not len(t):
        return
    shape = (len(several), len(ENDS))
    out, present = np.empty(shape), np.empty(shape, np.bool_)
    sweep(starts, t, v, ENDS, range_ms, OPERATIONS[function], 0, len(several), out,
          present.view(np.uint8))  # fmt: skip
    windows = find_windows(columns, ENDS, range_ms)
    with np.errstate(all="ignore"):
        expected = RANGE_FUNCTIONS[function].kernel(windows)
    there = windows.counts >= RANGE_FUNCTIONS[function].needs
    np.testing.assert_array_equal(present, there)
    np.testing.assert_allclose(out[there], expected[there], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("function", OPERATIONS)
def test_the_engine_asks_machine_code(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(*given: object) -> int:
        asked.append(1)
        return sweep(*given)

    monkeypatch.setattr(ranges, "sweep", counted)
    store = InMemory()
    store.add({"__name__": "a_total"}, [(at, float(at)) for at in range(0, 60_000, 5000)])
    range_(store, f"{function}(a_total[20s])", 0, 60_000, 10_000)
    assert asked


label_rows = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "x", "y", "z"])), max_size=30
)


@thorough
@given(label_rows)
def test_groups_and_order_are_those_of_numpy(rows: list[dict[str, str]]) -> None:
    labels = [tuple(sorted((k, v) for k, v in row.items() if v)) for row in rows]
    table = LabelTable.of(Symbols(own=True), labels)
    by_machine = table.groups()
    assert [labels[row] for row in table.order()] == sorted(labels)
    assert [labels[row] for row in by_machine.first[by_machine.ids]] == labels
    assert list(by_machine.first) == sorted(labels.index(one) for one in set(labels))


@thorough
@given(st.lists(st.tuples(st.integers(0, 3), numbers, st.booleans()), max_size=30))
def test_groups_are_added_up(rows: list[tuple[int, float, bool]]) -> None:
    groups = np.array([group for group, _, _ in rows], np.int64)
    values = np.array([[value] for _, value, _ in rows]).reshape(-1, 1)
    present = np.array([[there] for _, _, there in rows], np.uint8).reshape(-1, 1)
    total, absolute, counts = np.zeros((4, 1)), np.zeros((4, 1)), np.zeros((4, 1), np.int64)
    grouping.add_groups(groups, values, present, total, absolute, counts)
    least = np.full((4, 1), np.nan)
    grouping.extreme_of_groups(groups, values, present, 0, least)
    for group in range(4):
        own = [value for one, value, there in rows if one == group and there]
        assert counts[group, 0] == len(own)
        np.testing.assert_allclose(total[group, 0], sum(own), rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(absolute[group, 0], sum(map(abs, own)), rtol=1e-9)
        with np.errstate(all="ignore"):
            np.testing.assert_equal(least[group, 0], np.fmin.reduce([np.nan, *own]))

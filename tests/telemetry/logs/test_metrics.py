"""Metric queries: what is counted in the store equals what is counted line by line."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.telemetry.logs.stores import NOW, A, B, flushed, line, opened

from watchbill.telemetry.logs import metrics, search
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.logs.logql.ast import MetricQuery
from watchbill.telemetry.logs.logql.parse import parse_logql
from watchbill.telemetry.logs.search import Counters
from watchbill.telemetry.logs.table import LineTable, MemoryLines
from watchbill.telemetry.promql.errors import EvalError, QueryTimeoutError
from watchbill.telemetry.promql.scope import Limits

LINE_BY_LINE = "| regexp `(?P<never>x{5})`"  # a stage that changes nothing here


def values(store: LogStore, text: str, step: int = 20) -> dict[str, list[tuple[int, float]]]:
    """By series, the values in the last minute: seconds before NOW and value."""
    query = parse_logql(text)
    assert isinstance(query, MetricQuery)
    start, end = (NOW - 60) * 1000, NOW * 1000
    result = metrics.range_(store, query, start, end, step * 1000, Limits(), Counters())
    return {
        ",".join(f"{name}={value}" for name, value in labels): [
            (NOW - at // 1000, value) for at, value in zip(t.tolist(), v.tolist(), strict=True)
        ]
        for labels, t, v in result.data.series()
    }


@pytest.fixture
def store(table: LineTable, tmp_path: Path) -> LogStore:
    store = opened(tmp_path, table)
    store.append([
        line("GET /a 5ms 10KB", 50), line("GET /é 7ms 20KB", 45), line("POST /a 9ms 1KB", 30, A,
        (("k", "v"),)),
        line("GET /b 1ms 2KB", 25, B), line("GET /b 1ms 2KB", 25, B),
    ])  # fmt: skip
    flushed(store)
    store.append([line("GET /b 3ms 4KB", 10, B), line("GET /a 5ms 10KB", 50)])
    return store


@pytest.mark.parametrize("op", ["count_over_time", "rate", "bytes_over_time", "bytes_rate"])
@pytest.mark.parametrize("filters", ["", '|= "GET"', "!~ `/[ab]`"])
def test_counting_in_the_store_is_counting_line_by_line(
    store: LogStore, op: str, filters: str
) -> None:
    counted = values(store, f'{op}({{app=~".+"}} {filters} [20s])')
    assert counted == values(store, f'{op}({{app=~".+"}} {filters} {LINE_BY_LINE} [20s])')
    assert counted


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.tuples(st.integers(0, 70_000), st.sampled_from("abé")), max_size=40),
    range_ms=st.integers(1, 40_000), step=st.integers(1, 40), at_once=st.integers(3, 20),
    offset=st.sampled_from(["", "offset 1500ms", "offset -3s"]),
)  # fmt: skip
def test_counting_by_slices_is_counting_line_by_line(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[tuple[int, str]], range_ms: int, step: int, at_once: int, offset: str,
) -> None:  # fmt: skip
    store = opened(tmp_path_factory.mktemp("store"), MemoryLines())
    store.append([line(text, at / 1000) for at, text in dict.fromkeys(lines)])
    flushed(store)
    store.append([line(text, at / 1000) for at, text in lines[:5]])  # some of them again
    kept, metrics.LINES_AT_ONCE = metrics.LINES_AT_ONCE, at_once
    try:
        for op in ("count_over_time", "bytes_over_time"):
            counted = values(store, f'{op}({{app="a"}} [{range_ms}ms] {offset})', step)
            one_by_one = f'{op}({{app="a"}} {LINE_BY_LINE} [{range_ms}ms] {offset})'
            assert counted == values(store, one_by_one, step)
    finally:
        metrics.LINES_AT_ONCE = kept
    store.close()


def test_counts(store: LogStore) -> None:
    assert values(store, 'count_over_time({app=~".+"}[20s])') == {
        "app=a": [(40, 2.0)], "app=a,k=v": [(20, 1.0)], "app=b": [(20, 1.0), (0, 1.0)],
    }  # fmt: skip
    assert values(store, 'bytes_over_time({app="a"} |= "é"[20s])') == {"app=a": [(40, 16.0)]}
    assert values(store, 'sum(count_over_time({app=~".+"}[1m] offset 20s))') == {
        "": [(20, 2.0), (0, 4.0)]
    }
    assert values(store, 'absent_over_time({app="b",x!="y"}[10s])') == {
        "app=b": [(60, 1.0), (40, 1.0), (0, 1.0)]
    }


def test_a_sum_needs_a_series_for_each_group_only(
    store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append([
        line(f"GET /{n}", 5, A, (("id", str(n)), ("kind", "é'" if n % 2 else "even")))
        for n in range(40)
    ])  # fmt: skip
    by_kind = {"kind=even": [(0, 20.0)], "kind=é'": [(0, 20.0)]}
    monkeypatch.setattr(metrics, "MAX_SERIES", 30)
    for _ in range(2):  # in memory, then in the table
        for stages in ('|= "GET"', LINE_BY_LINE):
            query = f'(count_over_time({{app="a"}} {stages} [10s]))'
            assert values(store, f"sum {query}")[""][-1] == (0, 40.0)
            assert by_kind.items() <= values(store, f"sum by (kind) {query}").items()
            assert by_kind.items() <= values(store, f"sum by (kind, none) {query}").items()
            with pytest.raises(EvalError, match="maximum of series"):
                values(store, f"max by (kind) {query}")
        flushed(store)
    monkeypatch.setattr(metrics, "MAX_SERIES", 99)
    full = values(store, 'max by (id, kind) (count_over_time({app="a"}[10s]))')
    assert len(full) >= 40
    assert full["id=7,kind=é'"] == [(0, 1.0)]


def test_values_of_labels(store: LogStore) -> None:
    parsed = '{app=~".+"} | pattern "<method> <path> <took> <size>" | keep app, took, size'
    took = f"{parsed} | unwrap duration(took)"
    assert values(store, f"max_over_time({took} [1m]) by (app)") == {
        "app=a": [(40, 0.007), (20, 0.009), (0, 0.009)], "app=b": [(20, 0.001), (0, 0.003)],
    }  # fmt: skip
    assert values(store, f"sum by (app) (sum_over_time({parsed} | unwrap bytes(size) [1m]))") == {
        "app=a": [(40, 30_000.0), (20, 31_000.0), (0, 31_000.0)],
        "app=b": [(20, 2_000.0), (0, 6_000.0)],
    }  # fmt: skip
    assert values(store, f"count_over_time({parsed} | took > 6ms | drop took, size [1m])") == {
        "app=a": [(40, 1.0), (20, 2.0), (0, 2.0)]
    }
    with pytest.raises(EvalError, match="pipeline error: 'SampleExtractionErr' for series"):
        values(store, f"max_over_time({parsed} | unwrap took [1m])")
    skipped = f'max_over_time({parsed} | unwrap took | __error__="" [1m])'
    assert values(store, skipped) == {}


def test_limits_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(tmp_path, MemoryLines())
    store.append([line(f"n={k}", k / 1000) for k in range(200)])
    flushed(store)
    monkeypatch.setattr(metrics, "MAX_SERIES", 100)
    with pytest.raises(EvalError, match="maximum of series"):
        values(store, 'count_over_time({app="a"} | logfmt [1m])')
    monkeypatch.setattr(metrics, "MAX_LINES_COUNTED", 100)
    with pytest.raises(EvalError, match="counts more than 100 lines"):
        values(store, 'count_over_time({app="a"} [1m])')
    monkeypatch.setattr(search, "MAX_LINES_LOOKED_AT", 50)
    monkeypatch.setattr(search, "_LARGEST_PAGE", 20)
    with pytest.raises(EvalError, match="looked at more than 50 lines"):
        list(search.entries(
            store, parse_logql('{app="a"} | logfmt'), 0, 2**62, newest_first=True, first_page=20
        ))  # fmt: skip
    late = Limits(deadline=time.monotonic() - 1)
    with pytest.raises(QueryTimeoutError):
        list(search.entries(
            store, parse_logql('{app="a"}'), 0, 2**62, newest_first=True, limits=late
        ))  # fmt: skip

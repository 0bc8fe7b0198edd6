"""Lines are found page by page: none twice, none left out, in both directions."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.telemetry.logs.stores import NOW_NS, SECOND, A, B, flushed, found, line, opened, texts

from watchbill.telemetry.logs import search
from watchbill.telemetry.logs import table as table_module
from watchbill.telemetry.logs.logql.parse import parse_lines
from watchbill.telemetry.logs.search import find
from watchbill.telemetry.logs.table import TABLES, ChdbLines, LineTable, MemoryLines
from watchbill.telemetry.promql.errors import EvalError
from watchbill.telemetry.store.chdb import open_chdb

AT = st.integers(0, 5)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    stored=st.lists(st.tuples(AT, st.sampled_from("abc"), st.booleans()), max_size=25),
    held=st.lists(st.tuples(AT, st.sampled_from("abc"), st.booleans()), max_size=8),
    limit=st.integers(1, 12), newest_first=st.booleans(), rest=st.booleans(),
)  # fmt: skip
def test_pages_are_the_lines_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    stored: list, held: list, limit: int, newest_first: bool, rest: bool,
) -> None:  # fmt: skip
    store = opened(tmp_path_factory.mktemp("store"), MemoryLines())
    for part in (stored, held):
        store.append([line(text, at, A if first else B) for at, text, first in part])
        if part is stored:
            flushed(store)
    wanted = sorted(
        {(NOW_NS - at * SECOND, text, A if first else B) for at, text, first in stored + held},
        key=lambda one: one[0], reverse=newest_first,
    )  # fmt: skip
    sizes = search._FIRST_PAGE, search._LARGEST_PAGE
    search._FIRST_PAGE, search._LARGEST_PAGE = 2, 3
    try:
        query = '{app=~".+"} |~ "[ab]"' + (' | line_format "{{__line__}}"' if rest else "")
        got = found(store, query, limit, newest_first=newest_first)
    finally:
        search._FIRST_PAGE, search._LARGEST_PAGE = sizes
    matching = [one for one in wanted if one[1] in "ab"]
    assert [one.t_ns for one in got] == [t for t, _, _ in matching[:limit]]
    assert {(one.t_ns, one.line, one.labels) for one in got} <= set(matching)
    assert len(set(got)) == len(got)
    store.close()


def test_many_lines_of_one_time_are_all_found(table: LineTable, tmp_path: Path) -> None:
    store = opened(tmp_path, table)
    store.append([line(f"at once {k}", 5) for k in range(50)] + [line("late", 1)])
    flushed(store)
    assert len(found(store, '{app="a"} | line_format "{{__line__}}"', 100)) == 51
    assert len(found(store, '{app="a"} != "late"', 30)) == 30
    store.close()


def test_lines_an_interval_apart(tmp_path: Path) -> None:
    store = opened(tmp_path, MemoryLines())
    store.append([line(str(k), k) for k in range(10)])
    query = parse_lines('{app="a"}')

    def apart(newest_first: bool) -> list[str]:
        return texts(find(
            store, query, 0, 2**62, 9, newest_first=newest_first, interval_ns=4 * SECOND
        ))  # fmt: skip

    assert apart(True) == ["0", "4", "8"]
    assert apart(False) == ["9", "5", "1"]
    store.close()


@pytest.mark.server
def test_long_lines_are_found_in_smaller_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chdb = open_chdb(tmp_path, TABLES)
    store = opened(tmp_path / "store", ChdbLines(chdb))
    store.append([line(f"{k} " + "x" * 10_000, k) for k in range(50)])
    flushed(store)
    monkeypatch.setattr(table_module, "MAX_RESULT_BYTES", 200_000)
    assert len(found(store, '{app="a"}', 40)) == 40
    monkeypatch.setattr(table_module, "MAX_RESULT_BYTES", 100)
    with pytest.raises(EvalError, match="too large together"):
        found(store, '{app="a"}', 40)
    store.close()
    chdb.close()

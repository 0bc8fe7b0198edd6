"""The log store: lines are found wherever they are, and a kill loses none that was acknowledged."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from watchbill.telemetry.logs import lines as lines_module
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.logs.logql import parse_logql
from watchbill.telemetry.logs.push import Line
from watchbill.telemetry.logs.table import TABLES, ChdbLines, LineTable, MemoryLines
from watchbill.telemetry.store.chdb import Chdb, open_chdb

A, B = (("app", "a"),), (("app", "b"),)


@pytest.fixture(params=["memory", pytest.param("chdb", marks=pytest.mark.server)])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LineTable]:
    if request.param == "memory":
        yield MemoryLines()
        return
    chdb: Chdb = open_chdb(tmp_path, TABLES)
    yield ChdbLines(chdb)
    chdb.close()


def opened(folder: Path, table: LineTable) -> LogStore:
    store = LogStore(folder, table, timedelta(days=1))
    store.open()
    return store


def found(store: LogStore, text: str, limit: int = 100, *, newest_first: bool = False) -> list[str]:
    query = parse_logql(text)
    return [line for _, _, line in store.select(query, 0, 10**18, limit, newest_first=newest_first)]


def test_lines_are_found_in_memory_in_the_table_and_in_both(
    table: LineTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(tmp_path, table)
    store.append([Line(A, 1, "one it's", ()), Line(B, 2, "two", ()), Line(A, 3, "three", A)])
    before = found(store, '{app=~".+"}')
    assert before == ["one it's", "two", "three"]
    monkeypatch.setattr(lines_module, "FLUSH_SECONDS", 0.0)
    store.upkeep()
    assert store.held() == 0
    assert store.wal.segments() == []
    assert found(store, '{app=~".+"}') == before
    store.append([Line(A, 4, "four", ()), Line(A, 3, "three", A)])  # sent again: once only
    assert found(store, '{app="a"}') == ["one it's", "three", "four"]
    assert found(store, '{app="a"}', 2, newest_first=True) == ["four", "three"]
    assert found(store, '{app="a"} |= "\'"') == ["one it's"]
    assert found(store, '{app="a"} != "e"') == ["four"]
    assert found(store, '{app=~".+"} |~ "^t"') == ["two", "three"]
    assert found(store, '{app=~".+"} !~ "o|\\\\s"') == ["three"]
    store.close()


def test_a_kill_loses_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = MemoryLines()
    store = opened(tmp_path, table)
    store.append([Line(A, 1, "one", ())])
    store.wal.close()
    store = opened(tmp_path, table)
    store.append([Line(B, 2, "two", ())])
    monkeypatch.setattr(lines_module, "FLUSH_SECONDS", 0.0)
    monkeypatch.setattr(store.wal, "remove", lambda _: None)  # killed before the log was cut
    store.upkeep()
    store.wal.close()
    store = opened(tmp_path, table)
    assert store.held() == 2
    assert found(store, '{app=~".+"}') == ["one", "two"]
    store.close()

"""The log store: lines are found wherever they are, and a kill loses none that was acknowledged."""

import zlib
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.telemetry.logs.stores import (
    NOW,
    NOW_NS,
    SECOND,
    A,
    B,
    flushed,
    found,
    line,
    opened,
    texts,
)

from watchbill.telemetry.logs import lines as lines_module
from watchbill.telemetry.logs.block import Asked, Marks, Row
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.logs.table import TABLES, ChdbLines, LineTable, MemoryLines
from watchbill.telemetry.store.chdb import open_chdb
from watchbill.telemetry.store.samples import OverloadError
from watchbill.telemetry.store.wal import Wal

ALL = Asked([0, 1], 0, NOW_NS + SECOND)


def sizes(store: LogStore, asked: Asked = ALL) -> list[int]:
    """The sizes of the lines to be counted."""
    marks = store.marks(asked, 10)
    assert marks is not None
    return sorted(marks.size.tolist())


def test_lines_are_found_in_memory_in_the_table_and_in_both(
    table: LineTable, tmp_path: Path
) -> None:
    store = opened(tmp_path, table)
    store.append([line("one it's", 9), line("two", 8, B), line("three", 7, metadata=(("k", "v"),))])
    before = found(store, '{app=~".+"}')
    assert texts(before) == ["one it's", "two", "three"]
    assert before[2].labels == (("app", "a"), ("k", "v"))
    flushed(store)
    assert store.wal.segments() == []
    assert found(store, '{app=~".+"}') == before
    store.append([line("four", 6), line("three", 7, metadata=(("k", "v"),))])  # again: once only
    assert texts(found(store, '{app="a"}')) == ["one it's", "three", "four"]
    assert texts(found(store, '{app="a"}', 2, newest_first=True)) == ["four", "three"]
    assert texts(found(store, '{app="a"} |= "\'"')) == ["one it's"]
    assert texts(found(store, '{app="a"} != "e"')) == ["four"]
    assert texts(found(store, '{app=~".+"} |~ "^t"')) == ["two", "three"]
    assert texts(found(store, '{app=~".+"} !~ "o|\\\\s"')) == ["three"]
    store.close()


def test_what_is_counted_is_the_same_wherever_it_is(table: LineTable, tmp_path: Path) -> None:
    store = opened(tmp_path, table)
    given = [line("aé", 5), line("bcd", 4), line("x", 3, B, (("k", "v"),)), line("aé", 5)]
    store.append(given)
    held = store.totals(ALL), sizes(store), store.metadata(ALL, 9)
    flushed(store)
    stored = store.totals(ALL), sizes(store), store.metadata(ALL, 9)
    numbers = store.streams(())
    a, b = (next(n for n, labels in numbers.items() if labels == one) for one in (A, B))
    assert {one for one in numbers if one in store.present(ALL)} == {a, b}
    assert held == stored
    assert held[1:] == ([1, 3, 3], {(("k", "v"),)})
    assert held[0][b] == (1, 1)
    assert sizes(store, Asked([a, b], 0, NOW_NS - 4 * SECOND)) == [3]
    assert store.marks(ALL, 3) is None  # the one that is there twice counts against the limit
    store.close()


@given(st.lists(st.tuples(
    st.integers(0, 2), st.integers(0, 3), st.sampled_from(["a", "b", "cc"])), max_size=30,
))  # fmt: skip
def test_marks_are_in_order_and_equal_ones_once(given_rows: list[tuple[int, int, str]]) -> None:
    rows = [Row(stream, t, text, ()) for stream, t, text in given_rows]
    joined = Marks.joined([Marks.of(rows[:10]), Marks.of(rows[10:])])
    columns = joined.stream.tolist(), joined.t.tolist(), joined.check.tolist()
    marks = list(zip(*columns, strict=True))
    assert [mark[:2] for mark in marks] == sorted(mark[:2] for mark in marks)
    assert sorted(marks) == sorted(
        {(row.stream, row.t_ns, zlib.crc32(row.text.encode())) for row in rows}
    )


def test_a_sample_is_the_same_in_memory_and_in_the_table(table: LineTable, tmp_path: Path) -> None:
    store = opened(tmp_path, table)
    store.append([line(str(k), k / 1000) for k in range(2_000)])
    sample = Asked([*store.streams(())], 0, NOW_NS + 1, (), 10)
    held = [row.text for row in store.page(sample, 3_000, newest_first=True).rows]
    flushed(store)
    assert [row.text for row in store.page(sample, 3_000, newest_first=True).rows] == held
    assert 120 < len(held) < 280
    store.close()


def test_a_kill_loses_no_line_and_doubles_none(table: LineTable, tmp_path: Path) -> None:
    store = opened(tmp_path, table)
    store.append([line("one", 2)])
    store.wal.close()
    store = opened(tmp_path, table)
    store.append([line("two", 1, B)])
    store.wal.remove = lambda _: None  # type: ignore[method-assign]  # killed before the log was cut
    flushed(store)
    store.wal.close()
    store = opened(tmp_path, table)
    assert store.held() == 2
    assert texts(found(store, '{app=~".+"}')) == ["one", "two"]
    assert sizes(store) == [3, 3]
    flushed(store)
    assert sum(lines for lines, _ in store.totals(ALL).values()) == 2
    store.close()


def test_the_same_body_again_is_stored_once_also_after_a_start(
    table: LineTable, tmp_path: Path
) -> None:
    store = opened(tmp_path, table)
    for _ in range(2):
        assert store.append([line("one", 2), line("two", 1)]) is None
    assert store.held() == 2
    store.wal.close()
    store = opened(tmp_path, table)
    store.append([line("one", 2), line("two", 1)])
    assert store.held() == 2
    store.close()


def test_lines_out_of_time_are_refused_and_named(tmp_path: Path) -> None:
    store = opened(tmp_path, MemoryLines(), timedelta(days=2))
    refusal = store.append([line("old", 3 * 86_400), line("good"), line("new", -700)])
    assert refusal is not None
    assert refusal.startswith("2 of 3 entries refused: stream '{app=\"a\"}': entry has timestamp")
    assert "too old: 2023-11-11T22:13:20+00:00, oldest acceptable timestamp is" in refusal
    assert texts(found(store, '{app="a"}')) == ["good"]
    assert "exceeded by 262145 characters" in str(store.append([line("x" * 262_145)]))
    assert "too new" in str(store.append([line("new", -700), line("far", -(2**40))]))
    store.close()


def test_what_cannot_be_moved_is_refused_at_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines_module, "MAX_HELD_LINES", 3)
    store = opened(tmp_path, MemoryLines())
    store.append([line("one"), line("two")])
    with pytest.raises(OverloadError):
        store.append([line("three"), line("four")])
    flushed(store)
    assert store.append([line("three"), line("four")]) is None
    store.close()


def test_days_older_than_the_retention_go(table: LineTable, tmp_path: Path) -> None:
    store = opened(tmp_path, table, timedelta(days=10))
    store.append([line("old", 5 * 86_400)])
    flushed(store)
    store.append([line("new")])
    flushed(store)
    late = LogStore(tmp_path / "late", table, timedelta(days=10), lambda: NOW + 7 * 86_400.0)
    late.open()
    late.expire()
    assert [row.text for row in table.select(ALL, 9, newest_first=True)] == ["new"]
    store.close()


def test_a_log_written_before_blocks_is_read(tmp_path: Path) -> None:
    wal = Wal(tmp_path / "log-wal")
    wal.start()
    wal.append(1, msgspec.msgpack.encode([(0, A)]))
    wal.append(2, msgspec.msgpack.encode([Row(0, NOW_NS, "one", (("k", "v"),))]))
    wal.close()
    store = opened(tmp_path, MemoryLines())
    assert found(store, '{app="a"}') == [((("app", "a"), ("k", "v")), NOW_NS, "one")]
    store.close()


@pytest.mark.server
def test_a_table_made_before_the_index_goes_on(tmp_path: Path) -> None:
    old = {**TABLES, "logs.lines": TABLES["logs.lines"].replace("intDiv(t, 3600000000000), ", "")}
    chdb = open_chdb(tmp_path, old)
    columns = "stream, t, line, metadata"
    chdb.run(f"INSERT INTO logs.lines ({columns}) VALUES (0, {NOW_NS}, 'before é word', '[]')")
    chdb.run('INSERT INTO logs.streams VALUES (0, \'[["app", "a"]]\')')
    store = opened(tmp_path / "store", ChdbLines(chdb))
    store.append([line("after word")])
    flushed(store)
    assert sorted(texts(found(store, '{app="a"} |~ "\\\\bword\\\\b"'))) == [
        "after word",
        "before é word",
    ]
    store.close()
    chdb.close()


def test_a_line_with_countless_metadata_is_refused_alone(tmp_path: Path) -> None:
    store = opened(tmp_path, MemoryLines())
    many = tuple((f"k{n:03}", "v") for n in range(257))
    told = store.append([line("good"), line("bad", 1, metadata=many)])
    assert told is not None
    assert told.startswith("1 of 2 entries refused")
    assert "257 pairs of structured metadata, at most 256" in told
    assert store.held() == 1

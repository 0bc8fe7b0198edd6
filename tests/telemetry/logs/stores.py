"""Log stores for tests, on the table that serves and on its fake."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from watchbill.telemetry.logs import lines as lines_module
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.logs.logql.parse import parse_lines
from watchbill.telemetry.logs.push import Line
from watchbill.telemetry.logs.search import Found, find
from watchbill.telemetry.logs.table import LineTable
from watchbill.telemetry.promql.storage import Labels

NOW = 1_700_000_000
NOW_NS = NOW * 1_000_000_000
SECOND = 1_000_000_000
A: Labels = (("app", "a"),)
B: Labels = (("app", "b"),)


def opened(folder: Path, table: LineTable, retention: timedelta = timedelta(days=1)) -> LogStore:
    """A store whose clock stands at `NOW`."""
    store = LogStore(folder, table, retention, seconds=lambda: float(NOW))
    store.open()
    return store


def line(text: str, at: float = 0, stream: Labels = A, metadata: Labels = ()) -> Line:
    """A line so many seconds before `NOW`."""
    return Line(stream, NOW_NS - int(at * SECOND), text, metadata)


def flushed(store: LogStore) -> None:
    """Move everything into the table now."""
    kept = lines_module.FLUSH_LINES, lines_module.FLUSH_SECONDS
    lines_module.FLUSH_LINES, lines_module.FLUSH_SECONDS = 0, 0.0
    try:
        store.upkeep()
    finally:
        lines_module.FLUSH_LINES, lines_module.FLUSH_SECONDS = kept
    assert store.held() == 0


def found(
    store: LogStore, text: str, limit: int = 100, *, newest_first: bool = False
) -> list[Found]:
    """What a query finds in the last day."""
    start, end = NOW_NS - 86_400 * SECOND, NOW_NS + SECOND
    return find(store, parse_lines(text), start, end, limit, newest_first=newest_first)


def texts(found_lines: Iterable[Found]) -> list[str]:
    """The lines alone."""
    return [one.line for one in found_lines]

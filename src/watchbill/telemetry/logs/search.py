"""Log queries answered: lines out of the store, sent through the stages of the query."""

import time
from collections.abc import Iterator
from typing import NamedTuple

from watchbill.telemetry.logs.block import Asked
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.logs.logql.ast import LogQuery, run
from watchbill.telemetry.logs.logql.entry import Entry
from watchbill.telemetry.logs.table import TooLargeError
from watchbill.telemetry.promql.errors import EvalError, QueryCanceledError, QueryTimeoutError
from watchbill.telemetry.promql.scope import Limits
from watchbill.telemetry.promql.storage import Labels

MAX_LINES_LOOKED_AT = 2_000_000
"""How many lines one query may send through stages that chDB does not know."""

_FIRST_PAGE, _LARGEST_PAGE = 1_000, 50_000
_CHECK_LINES = 1_000


class Found(NamedTuple):
    """A line as a query shows it; `labels` are sorted and may be empty."""

    labels: Labels
    t_ns: int
    line: str


class Counters:
    """What a query cost, for the `stats` of its answer."""

    def __init__(self) -> None:
        self.lines = 0
        self.bytes = 0


def check(limits: Limits) -> None:
    """Raise when the query has to end."""
    if limits.canceled is not None and limits.canceled():
        raise QueryCanceledError
    if limits.deadline is not None and time.monotonic() > limits.deadline:
        raise QueryTimeoutError


def find(
    store: LogStore,
    query: LogQuery,
    start_ns: int,
    end_ns: int,
    limit: int,
    *,
    newest_first: bool,
    interval_ns: int = 0,
    limits: Limits | None = None,
    counters: Counters | None = None,
) -> list[Found]:
    """The first `limit` lines by time, `interval_ns` or more apart.

    Raises `EvalError` and `ChunkStoreError`.
    """
    found: list[Found] = []
    last: int | None = None
    first = limit if not query.rest and not interval_ns else max(limit, _FIRST_PAGE)
    for entry in entries(
        store, query, start_ns, end_ns, newest_first=newest_first, first_page=first,
        limits=limits, counters=counters,
    ):  # fmt: skip
        if last is not None and abs(entry.t_ns - last) < interval_ns:
            continue
        last = entry.t_ns
        found.append(Found(tuple(sorted(entry.labels.items())), entry.t_ns, entry.line))
        if len(found) >= limit:
            break
    return found


def entries(
    store: LogStore,
    query: LogQuery,
    start_ns: int,
    end_ns: int,
    *,
    newest_first: bool,
    first_page: int = _LARGEST_PAGE,
    one_in: int = 1,
    limits: Limits | None = None,
    counters: Counters | None = None,
) -> Iterator[Entry]:
    """Every line that passes the query, by time. Raises `EvalError` and `ChunkStoreError`."""
    limits, counters = limits or Limits(), counters or Counters()
    labels_of_stream = store.streams(query.matchers)
    asked = Asked(list(labels_of_stream), start_ns, end_ns, query.filters, one_in)
    size, looked_at = first_page, 0
    while asked.streams and asked.start_ns < asked.end_ns:
        check(limits)
        try:
            rows, bound = store.page(asked, size, newest_first=newest_first)
        except TooLargeError:
            size //= 8
            if not size:
                raise EvalError(
                    "the lines found at one time are too large together: narrow the stream "
                    "selector or add a line filter"
                ) from None
            continue
        counters.lines += len(rows)
        for number, row in enumerate(rows):
            if number % _CHECK_LINES == 0:
                check(limits)
            counters.bytes += len(row.text)
            entry = Entry(row.t_ns, row.text, labels_of_stream[row.stream], row.metadata)
            if run(query.rest, entry):
                yield entry
        if bound is None:
            return
        looked_at += len(rows)
        if query.rest and looked_at > MAX_LINES_LOOKED_AT:
            raise EvalError(
                f"the query looked at more than {MAX_LINES_LOOKED_AT} lines: shorten the time "
                "range or add a line filter (|=), which is fast"
            )
        asked = asked.earlier_than(bound) if newest_first else asked.later_than(bound)
        size = min(size * 4, _LARGEST_PAGE)

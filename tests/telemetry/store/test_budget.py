"""One size limit for metrics and logs, on the stores that serve."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from watchbill.telemetry.logs import lines as lines_module
from watchbill.telemetry.logs import table
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.logs.push import Line
from watchbill.telemetry.promql.storage import labels_of
from watchbill.telemetry.store import chdb_chunks
from watchbill.telemetry.store import samples as samples_module
from watchbill.telemetry.store.budget import Budget
from watchbill.telemetry.store.chdb import open_chdb
from watchbill.telemetry.store.chunks import DAY_MS
from watchbill.telemetry.store.head import Columns
from watchbill.telemetry.store.samples import SampleStore

pytestmark = pytest.mark.server

TODAY = 1_700_006_400_000  # midnight
NOW = TODAY / 1000 + 12 * 3600


@pytest.fixture
def stores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[SampleStore, LogStore]]:
    """Both, on one chDB; samples of five days up to today, and lines of the last four of them."""
    monkeypatch.setattr(samples_module, "IDLE_SECONDS", 0.0)
    monkeypatch.setattr(lines_module, "FLUSH_SECONDS", 0.0)
    chdb = open_chdb(tmp_path, {**chdb_chunks.TABLES, **table.TABLES})
    kept = timedelta(days=30)
    samples = SampleStore(tmp_path, chdb_chunks.ChdbChunks(chdb), kept, lambda: NOW)
    logs = LogStore(tmp_path, table.ChdbLines(chdb), kept, lambda: NOW)
    samples.open()
    logs.open()
    random = np.random.default_rng(1)
    slots = np.full(500, samples.intern(labels_of({"__name__": "m"})))
    for day in range(5):
        start = TODAY - day * DAY_MS
        samples.append(
            Columns(slots, start + np.arange(500) * 1000, random.random(500)), backfill=True
        )
        if day < 4:
            logs.append([
                Line((("app", "a"),), (start + at) * 1_000_000, random.bytes(50).hex(), ())
                for at in range(200)
            ])  # fmt: skip
        samples.upkeep()
        logs.upkeep()
    yield samples, logs
    logs.close()
    samples.close()


def test_the_oldest_day_of_both_goes_first_and_the_newest_never(
    stores: tuple[SampleStore, LogStore],
) -> None:
    samples, logs = stores
    days = [TODAY - day * DAY_MS for day in range(4, -1, -1)]
    assert (list(samples.days()), list(logs.days())) == (days, days[1:])
    journals = samples.wal.nbytes() + logs.wal.nbytes()

    def held() -> int:
        return sum(samples.days().values()) + sum(logs.days().values())

    for limit in (None, held() + journals):
        Budget(limit, *stores).expire()
        assert list(samples.days()) == days
    oldest_two = samples.days()[days[0]] + samples.days()[days[1]] + logs.days()[days[1]]
    Budget(held() + journals - oldest_two, *stores).expire()
    assert list(samples.days()) == list(logs.days()) == days[2:]
    Budget(held() + journals - 1, *stores).expire()
    assert list(samples.days()) == list(logs.days()) == days[3:]
    Budget(0, *stores).expire()
    assert list(samples.days()) == list(logs.days()) == days[4:]

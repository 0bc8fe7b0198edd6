"""The two tables for lines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from watchbill.telemetry.logs.table import TABLES, ChdbLines, LineTable, MemoryLines
from watchbill.telemetry.store.chdb import open_chdb


@pytest.fixture(params=["memory", pytest.param("chdb", marks=pytest.mark.server)])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LineTable]:
    if request.param == "memory":
        yield MemoryLines()
        return
    chdb = open_chdb(tmp_path, TABLES)
    yield ChdbLines(chdb)
    chdb.close()

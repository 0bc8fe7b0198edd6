"""Who waits to write to SQLite gets in soon after it is free, and gives up in the end."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import OperationalError, transaction
from django.db.utils import ConnectionHandler

from watchbill.web.sqlite.base import DatabaseWrapper

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shared.sqlite3"


@pytest.fixture
def ours(file: Path) -> Iterator[DatabaseWrapper]:
    """A connection of Django's that waits half a second for others."""
    options = {"transaction_mode": "IMMEDIATE", "timeout": 0.5}
    settings = {"ENGINE": "watchbill.web.sqlite", "NAME": file, "OPTIONS": options}
    handler = ConnectionHandler({"default": settings})
    yield handler["default"]
    handler["default"].close()


def write(ours: DatabaseWrapper) -> None:
    ours.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    try:
        with ours.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS written (at REAL)")
        ours.commit()
    finally:
        ours.rollback()
        ours.set_autocommit(True)


def hold(file: Path, seconds: float) -> threading.Thread:
    """Somebody else writes for so long."""
    begun = threading.Event()

    def other() -> None:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            begun.set()
            time.sleep(seconds)
            connection.execute("COMMIT")

    thread = threading.Thread(target=other)
    thread.start()
    assert begun.wait(5)
    return thread


def test_whoever_waits_gets_in_soon(file: Path, ours: DatabaseWrapper) -> None:
    late = []
    for _ in range(5):
        other = hold(file, 0.2)
        begun = time.perf_counter()
        write(ours)
        late.append(time.perf_counter() - begun - 0.2)
        other.join()
    assert sorted(late)[2] < 0.04  # SQLite's own waiting sleeps up to 100 ms


def test_it_gives_up_in_the_end(file: Path, ours: DatabaseWrapper) -> None:
    other = hold(file, 1.0)
    with pytest.raises(OperationalError, match="locked"):
        write(ours)
    other.join()
    write(ours)


def test_single_statements_wait_as_before(file: Path, ours: DatabaseWrapper) -> None:
    write(ours)
    with ours.cursor() as cursor:
        assert cursor.execute("PRAGMA busy_timeout").fetchone() == (500,)


def test_it_is_the_backend_in_use() -> None:
    connection = transaction.get_connection()
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL waits by itself")
    assert isinstance(connection, DatabaseWrapper)

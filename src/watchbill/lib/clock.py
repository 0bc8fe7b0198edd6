"""The one clock. Every process asks here; lint bans every other source of wall time.

Tests shift it: with `WATCHBILL_TEST_CLOCK` naming a file, the number of seconds in that file is
added to every reading, in every process that inherited the variable. Nothing else can move it.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

SET_BACK = timedelta(minutes=1)
"""A moment that lies this much further ahead than anybody is ever told to wait shows that the clock
was put back since. What waits for it goes on at once: early is better than hours late."""

_OFFSET_FILE = os.environ.get("WATCHBILL_TEST_CLOCK")
_offset = 0.0


def shift(by: timedelta) -> None:
    """Move this process's clock by `by` (tests only; other processes need the file)."""
    global _offset
    _offset += by.total_seconds()


def reset() -> None:
    """Undo every `shift` in this process."""
    global _offset
    _offset = 0.0


def seconds() -> float:
    """Now, as Unix seconds."""
    return time.time() + _offset + _from_file()


def now() -> datetime:
    """Now, aware, in UTC."""
    return datetime.fromtimestamp(seconds(), UTC)


def zoned(moment: datetime) -> datetime:
    """A moment without a zone is in UTC: no machine's local time is meant."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _from_file() -> float:
    if _OFFSET_FILE is None:
        return 0.0
    try:
        return float(Path(_OFFSET_FILE).read_text() or 0)
    except FileNotFoundError:
        return 0.0

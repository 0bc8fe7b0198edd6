"""What the `work` process does: many small ticks, in lanes that cannot delay each other."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

T = TypeVar("T")
SHORT = 0.025  # seconds


@dataclass(frozen=True)
class Tick:
    """One thing that happens without a person, such as sending the pages that are due.

    `function(now)` claims due rows, advances them and returns how many it advanced; after more
    than zero it is called again at once, otherwise after `every` seconds. Ticks of one `lane` share
    a thread and a database connection and run one after the other. An app offers its ticks as
    `TICKS`, a list in its module `ticks.py`.
    """

    name: str
    function: Callable[[datetime], int]
    every: float
    lane: str


def for_a_moment(rows: Iterable[T]) -> Iterator[T]:
    """Those of `rows` that fit one short transaction, at least one: on SQLite nobody else can write
    until it ends. The others stay due."""
    begun = time.perf_counter()
    for row in rows:
        yield row
        if time.perf_counter() - begun > SHORT:
            return

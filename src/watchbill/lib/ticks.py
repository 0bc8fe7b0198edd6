"""What the `work` process does: many small ticks, in lanes that cannot delay each other."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


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

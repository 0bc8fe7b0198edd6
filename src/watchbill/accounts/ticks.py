"""What accounts do without a person."""

from datetime import datetime

from watchbill.accounts import tokens
from watchbill.lib.ticks import Tick
from watchbill.web import live


def _sweep(now: datetime) -> int:
    live.sweep()
    return 0


TICKS = [
    Tick("tell telemetry its tokens", tokens.tick, every=2, lane="upkeep"),
    Tick("sweep live events", _sweep, every=300, lane="upkeep"),
]

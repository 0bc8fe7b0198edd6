"""What seats need done without a person."""

from watchbill.lib.ticks import Tick
from watchbill.seats import capture

TICKS = [Tick("seats.capture", capture.tick, every=2.0, lane="seats")]

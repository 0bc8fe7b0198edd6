"""What maintenance does without a person."""

from watchbill.lib.ticks import Tick
from watchbill.maintenance import measure

TICKS = [Tick("maintenance.measure", measure.tick, every=5.0, lane="maintenance")]

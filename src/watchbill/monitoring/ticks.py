"""What monitoring does without a person."""

from watchbill.lib.ticks import Tick
from watchbill.monitoring import freeze

TICKS = [Tick("monitoring.freeze", freeze.tick, every=2.0, lane="monitoring")]

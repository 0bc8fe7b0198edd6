"""What happens to tours without a person."""

from watchbill.lib.ticks import Tick
from watchbill.tours import judge

TICKS = [Tick("tours.judge", judge.tick, every=1.0, lane="tours")]

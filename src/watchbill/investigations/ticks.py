"""What happens in investigations without a person."""

from watchbill.investigations import freeze
from watchbill.lib.ticks import Tick

TICKS = [Tick("investigations.freeze", freeze.tick, every=5.0, lane="investigations")]

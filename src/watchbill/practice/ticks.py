"""What happens in practice without a person."""

from watchbill.lib.ticks import Tick
from watchbill.practice import verify

TICKS = [Tick("practice.verify", verify.tick, every=30.0, lane="practice")]

"""What happens in incidents without a person."""

from watchbill.incidents import measure
from watchbill.lib.ticks import Tick

TICKS = [Tick("incidents.measure", measure.tick, every=10.0, lane="practice")]

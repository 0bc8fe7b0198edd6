"""What happens to standards without a person, in a lane of its own: telemetry may hang."""

from watchbill.lib.ticks import Tick
from watchbill.standards import evaluate

TICKS = [
    Tick("standards.evaluate", evaluate.tick, every=10.0, lane="standards"),
    Tick("standards.read_measures", evaluate.read_measures, every=30.0, lane="standards"),
]

"""What the work process does for the example system; nothing while it is not shown."""

from watchbill.demo import colleagues, install, orders
from watchbill.lib.ticks import Tick

TICKS = [
    Tick("bring the example in", install.tick, every=1, lane="example"),
    Tick("break and mend the example", orders.tick, every=0.5, lane="example"),
    Tick("let example colleagues answer", colleagues.tick, every=1, lane="example colleagues"),
]

"""What happens to runs by itself. Several lanes, so that a long command delays no other."""

from watchbill.lib.ticks import Tick
from watchbill.runbooks import effect, execute

AT_ONCE = 4  # steps under way at the same time in one work process

TICKS = [
    Tick("runbooks.effect", effect.tick, every=60.0, lane="practice"),
    *(
        Tick(f"runbooks.execute-{lane}", execute.tick, every=0.5, lane=f"runbooks-{lane}")
        for lane in range(1, AT_ONCE + 1)
    ),
]

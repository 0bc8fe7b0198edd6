"""One input under guard: only the stated errors, and quickly."""

import time
from collections.abc import Callable

from tests.fuzz.targets import Run, Target

SLOW_SECONDS = 1.0
"""CPU time that an input of up to `MAX_BYTES` may take."""
MAX_BYTES = 4096


class TooSlowError(Exception):
    """An input took longer than it may."""


def guarded(target: Target) -> Callable[[bytes], None]:
    """A reader that lets the stated errors pass and raises for everything else."""
    run: Run = target.make()
    expected = target.expected()

    def read(data: bytes) -> None:
        began = time.process_time()
        try:
            run(data)
        except expected as error:
            if not str(error):
                raise AssertionError("the error says nothing") from error
        took = time.process_time() - began
        if took > SLOW_SECONDS:
            raise TooSlowError(f"{len(data)} bytes took {took:.1f} s")

    return read

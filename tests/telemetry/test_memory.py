"""Memory that is free goes back to the system. In processes of their own: allocators remember."""

import subprocess
import sys

import pytest

FREED = """
import sys
from pathlib import Path
import numpy as np
from watchbill.telemetry import memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1] == "held little":
    memory.hold_little()
large = [np.ones(2 << 20) for _ in range(8)]  # 16 MB each
del large
large = np.ones(2 << 20)
before = resident()
del large
print(before - resident())
small = [bytes(100_000) for _ in range(1_000)]
wall = bytes(100_000)  # the heap cannot shrink from its end
before = resident()
del small
memory.give_back()
print(before - resident())
"""


def freed(how: str) -> list[int]:
    """Bytes that went back: of a large piece, not the first of its size, and of many small ones."""
    ran = subprocess.run([sys.executable, "-c", FREED, how], capture_output=True, check=True)
    return [int(line) for line in ran.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and needs glibc")
def test_free_memory_goes_back() -> None:
    large, small = freed("held little")
    assert small > 50_000_000
    assert large > 14_000_000
    assert freed("as usual")[0] < 14_000_000, "glibc returns it by itself: nothing is needed"

"""The engine's kernels as machine code, made once and kept, so that both ways are tested."""

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(
    os.environ.get("WATCHBILL_CODE_CACHE", Path(tempfile.gettempdir()) / "watchbill-test-kernels")
)
"""Files in it are named after the sources that they were made of."""

_PRELUDE = f"""
from pathlib import Path
from watchbill.telemetry import jit
jit.start = lambda folder, modules: jit.prepare(Path({str(CACHE)!r}), modules)
"""


def prepare() -> bool:
    """Load machine code into this process, making it when it is missing; False without it.

    Who comes while another process makes it waits: a compiler takes a processor for ten seconds.
    """
    from watchbill.telemetry import jit
    from watchbill.telemetry.server import KERNELS

    CACHE.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return jit.prepare(CACHE, KERNELS)


@contextmanager
def in_use() -> Iterator[None]:
    """Kernels run machine code within, and the functions themselves after it."""
    from watchbill.telemetry import jit

    assert prepare()
    try:
        yield
    finally:
        for kernel in jit.KERNELS.values():
            kernel.bind(None)


def prelude() -> str:
    """What a telemetry process has to run first, to start with machine code in place.

    It is made by another process: in this one NumPy stays, so that the two can be compared.
    """
    command = "from tests.telemetry.machine_code import prepare; assert prepare()"
    subprocess.run([sys.executable, "-c", command], check=True)
    return _PRELUDE

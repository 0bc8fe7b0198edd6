"""The engine's kernels as machine code, made once and kept, so that both ways are tested."""

import subprocess
import sys
import tempfile
from pathlib import Path

CACHE = Path(tempfile.gettempdir()) / "watchbill-test-kernels"
"""Files in it are named after the sources that they were made of."""

_PRELUDE = f"""
from pathlib import Path
from watchbill.telemetry import jit
jit.start = lambda folder, modules: jit.prepare(Path({str(CACHE)!r}), modules)
"""


def prepare() -> bool:
    """Load machine code into this process, making it when it is missing; False without it."""
    from watchbill.telemetry import jit
    from watchbill.telemetry.server import KERNELS

    return jit.prepare(CACHE, KERNELS)


def prelude() -> str:
    """What a telemetry process has to run first, to start with machine code in place.

    It is made by another process: in this one NumPy stays, so that the two can be compared.
    """
    command = "from tests.telemetry.machine_code import prepare; assert prepare()"
    subprocess.run([sys.executable, "-c", command], check=True)
    return _PRELUDE

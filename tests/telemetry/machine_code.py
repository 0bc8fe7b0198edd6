"""The engine's kernels as machine code, made once and kept, so that both ways are tested.

Without the module that makes it, everything runs in Python and NumPy, and there is nothing to do.
"""

import subprocess
import sys
import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

JIT = "watchbill.telemetry.jit"
CACHE = Path(tempfile.gettempdir()) / "watchbill-test-kernels"
"""Files in it are named after the sources that they were made of."""

_PRELUDE = f"""
from pathlib import Path
from {JIT} import prepare
from watchbill.telemetry import jit
jit.start = lambda folder, modules: prepare(Path({str(CACHE)!r}), modules)
"""


def prepare() -> bool:
    """Load machine code into this process, making it when it is missing; False without it."""
    if find_spec(JIT) is None:
        return False
    kernels = import_module("watchbill.telemetry.server").KERNELS
    return bool(import_module(JIT).prepare(CACHE, kernels))


def prelude() -> str:
    """What a telemetry process has to run first, to start with machine code in place.

    It is made by another process: in this one NumPy stays, so that the two can be compared.
    """
    if find_spec(JIT) is None:
        return ""
    command = "from tests.telemetry.machine_code import prepare; assert prepare()"
    subprocess.run([sys.executable, "-c", command], check=True)
    return _PRELUDE

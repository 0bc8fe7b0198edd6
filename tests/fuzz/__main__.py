"""`python -m tests.fuzz TARGET --seconds N`: fuzz one reader, or `all` of them in turn.

Prints how many inputs were read and how much memory the process held, and exits 1 when an input
crashed the reader, took too long, or memory grew.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import psutil
from tests.fuzz.targets import Target, targets

GROWTH_MB = 64
"""By so much the memory of the second half of a run may exceed that of its second quarter."""
_START_SECONDS = 180
"""A kernel may have to be compiled first."""
CORPUS = Path(__file__).parent / "corpus"


def main() -> int:
    """See the module."""
    known = targets()
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", choices=[*sorted(known), "all"])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--keep", type=Path, help="collect inputs that reach new code here")
    options = parser.parse_args()
    names = sorted(known) if options.target == "all" else [options.target]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        keep = options.keep or Path(scratch)
        return max(_fuzz(name, known[name], options.seconds, keep / name) for name in names)


def _fuzz(name: str, target: Target, seconds: int, folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (folder / f"seed-{number}").write_bytes(seed)
    for path in (CORPUS / name).glob("*"):
        (folder / path.name).write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "tests.fuzz.loop", name, f"--seconds={seconds}"]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [*command, f"--folder={folder}"], stdout=log, stderr=subprocess.STDOUT
        )
        try:
            memory = _watch(process, seconds + _START_SECONDS)
        finally:
            process.kill()
            process.wait()
        log.seek(0)
        text = log.read()
    wrong = _verdict(process.returncode, memory, folder)
    runs = re.findall(r"number_of_executed_units:\s*(\d+)", text)
    covered = re.findall(r"cov: (\d+)", text)
    print(
        f"{name:20s} {'ok' if not wrong else 'FAILED'}: {runs[-1] if runs else '?'} inputs,"
        f" {covered[-1] if covered else '?'} edges, {max(memory, default=0):.0f} MB at most"
    )
    if wrong:
        print("\n".join([*wrong, *text.splitlines()[-40:]]))
    return 1 if wrong else 0


def _watch(process: subprocess.Popen[bytes], seconds: int) -> list[float]:
    """Megabytes held, twice a second until the process ends."""
    memory, end = [], time.monotonic() + seconds
    watched = psutil.Process(process.pid)
    while process.poll() is None and time.monotonic() < end:
        try:
            memory.append(watched.memory_info().rss / 1e6)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.5)
    return memory


def _verdict(status: int, memory: list[float], folder: Path) -> list[str]:
    found = [f"see {path}" for path in sorted(folder.glob("crash-*"))]
    found += [f"slow: see {path}" for path in sorted(folder.glob("timeout-*"))]
    for path in sorted(folder.glob("*-*")):
        if path.name.startswith(("crash-", "timeout-", "oom-")):
            found.append(f"  {path.read_bytes()!r}")
    if status != 0:
        found.append(f"the process ended with {status}")
    quarter = len(memory) // 4
    if quarter > 4:
        growth = median(memory[-quarter:]) - median(memory[quarter : 2 * quarter])
        if growth > GROWTH_MB:
            found.append(f"memory grew by {growth:.0f} MB")
    return found


if __name__ == "__main__":
    raise SystemExit(main())

"""The process that fuzzes one target: guided by coverage with atheris, else by hypothesis.

Run by `tests.fuzz.__main__`, which watches its memory. It ends with another status than 0 when an
input was answered wrongly; the input is then in the folder, its name beginning with `crash-`.
"""

import argparse
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.guard import MAX_BYTES, guarded
from tests.fuzz.targets import Target, targets

_HANG_SECONDS = 20
_MEMORY_MB = 3000


def main() -> None:
    """Fuzz for so many seconds; inputs worth keeping are collected in the folder."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.loop")
    parser.add_argument("target", choices=sorted(targets()))
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    target = targets()[options.target]
    by_coverage = find_spec("atheris") is not None
    (_by_atheris if by_coverage else _by_hypothesis)(target, options.seconds, options.folder)


def _by_atheris(target: Target, seconds: int, folder: Path) -> None:
    import atheris

    with atheris.instrument_imports(include=["watchbill.telemetry"]):
        read = guarded(target)
    with tempfile.NamedTemporaryFile("w", suffix=".dict") as words:
        for number, word in enumerate(target.words):
            escaped = "".join(f"\\x{byte:02x}" for byte in word.encode())
            words.write(f'w{number}="{escaped}"\n')
        words.flush()
        arguments = [
            sys.argv[0],
            str(folder),
            f"-max_total_time={seconds}",
            f"-timeout={_HANG_SECONDS}",
            f"-rss_limit_mb={_MEMORY_MB}",
            f"-max_len={MAX_BYTES}",
            f"-artifact_prefix={folder}/",
            "-print_final_stats=1",
            "-verbosity=1",
            *([f"-dict={words.name}"] if target.words else []),
        ]
        atheris.Setup(arguments, read)
        atheris.Fuzz()


def _by_hypothesis(target: Target, seconds: int, folder: Path) -> None:
    from hypothesis import HealthCheck, given, settings
    from tests.fuzz.mutate import mutated

    read, count = guarded(target), 0

    @settings(
        database=None, deadline=None, max_examples=1000, suppress_health_check=list(HealthCheck)
    )
    @given(mutated(target))
    def one(data: bytes) -> None:
        nonlocal count
        count += 1
        try:
            read(data)
        except BaseException:
            (folder / "crash-found").write_bytes(data)
            raise

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        one()
    print(f"stat::number_of_executed_units: {count}", file=sys.stderr)


if __name__ == "__main__":
    main()

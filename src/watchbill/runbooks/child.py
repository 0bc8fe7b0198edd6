"""Runs one command for the work process, in a process of its own. Standard library only.

Started as `python -I child.py`. The first line of standard input is the task as JSON: argv, env,
timeout (seconds), most (bytes of output). Standard input then stays open: it is the lifeline. When
it ends, because the work process gave up, was told to halt or was killed, the whole process group
of the command is killed. The result is one line of JSON on standard output: status (or null when
killed), why ("", "timeout", "cut off", "not started"), output, more (whether output was cut).
"""

import contextlib
import json
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from typing import Any

MEMORY = 2 * 1024**3  # bytes that it may write to; address space alone is free
FILE_SIZE = 256 * 1024**2
OPEN_FILES = 256


def limit(seconds: float) -> None:
    """Runs in the child before the command: limits that it cannot raise again."""
    cpu = int(seconds) + 1
    for kind, most in (
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_DATA, MEMORY),
        (resource.RLIMIT_FSIZE, FILE_SIZE),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))


def run(task: dict[str, Any]) -> dict[str, Any]:
    """Run the command until it ends, the time is over or the lifeline ends."""
    try:
        command = subprocess.Popen(
            task["argv"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=task["env"], cwd="/", start_new_session=True,
            preexec_fn=lambda: limit(task["timeout"]),
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return {"status": None, "why": "not started", "output": str(error), "more": False}
    output, more, why = _watch(command, time.monotonic() + task["timeout"], task["most"])
    with contextlib.suppress(ProcessLookupError):
        os.killpg(command.pid, signal.SIGKILL)  # also what it left behind
    status = command.wait()
    text = output.decode("utf-8", "replace").replace("\x00", "\ufffd")
    return {"status": None if why else status, "why": why, "output": text, "more": more}


def _watch(command: subprocess.Popen[bytes], until: float, most: int) -> tuple[bytes, bool, str]:
    """Output, whether more came than is kept, and why it was not waited for to its end."""
    assert command.stdout is not None
    kept, more = bytearray(), False
    with selectors.DefaultSelector() as ready:
        ready.register(sys.stdin.fileno(), selectors.EVENT_READ, "lifeline")
        ready.register(command.stdout, selectors.EVENT_READ, "output")
        while True:
            left = until - time.monotonic()
            if left <= 0:
                return bytes(kept), more, "timeout"
            events = ready.select(min(left, 0.2))
            for key, _ in events:
                piece = os.read(key.fd, 65536)
                if key.data == "lifeline" and not piece:
                    return bytes(kept), more, "cut off"
                if key.data == "output":
                    room = most - len(kept)
                    more = more or len(piece) > room
                    kept += piece[:room]
                    if not piece:
                        ready.unregister(key.fd)
            # It ended, and nothing it wrote waits to be read (a grandchild may hold the pipe).
            if not events and command.poll() is not None:
                return bytes(kept), more, ""


if __name__ == "__main__":
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = os.read(sys.stdin.fileno(), 1)
        if not piece:
            sys.exit(1)
        line += piece
    sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")

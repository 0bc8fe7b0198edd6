"""A child ends when its parent's end of the pipe is gone, even when it ignores being asked."""

import os
import subprocess
import sys
import time

import pytest

POLITE = """
import sys, time
from watchbill.lib import lifeline
lifeline.hold(int(sys.argv[1]))
print("up", flush=True)
time.sleep(60)
"""
STUBBORN = f"""
import signal
from watchbill.lib import lifeline
signal.signal(signal.SIGTERM, signal.SIG_IGN)
lifeline.limit_stop.__defaults__ = (0.5,)
{POLITE}
"""


@pytest.mark.parametrize(("program", "within"), [(POLITE, 2.0), (STUBBORN, 3.0)])
def test_a_child_ends_with_its_lifeline(program: str, within: float) -> None:
    read, write = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(read)], pass_fds=(read,), stdout=subprocess.PIPE
    )
    os.close(read)
    assert child.stdout
    try:
        assert child.stdout.readline() == b"up\n"
        time.sleep(0.2)
        assert child.poll() is None
        os.close(write)
        child.wait(within)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_a_process_started_by_hand_needs_none() -> None:
    from watchbill.lib import lifeline

    lifeline.hold(None)
    assert not lifeline.stopping.is_set()

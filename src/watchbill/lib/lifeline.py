"""Lifelines: a child process stops when the process that started it is gone, however it went.

The supervisor holds the writing end of a pipe and hands every child the reading end. Nothing is
ever written: the pipe's end is the message, and the kernel delivers it even after a kill -9.
"""

import logging
import os
import signal
import threading
import time

GRACE = 4.0  # seconds a process may take to stop in good order

stopping = threading.Event()
"""Set as soon as this process was asked to stop: long work and open streams end on it."""

log = logging.getLogger(__name__)


def hold(lifeline: int | None) -> None:
    """Watch the pipe `lifeline` from a thread; when it ends, stop this process like SIGTERM does.

    None is the lifeline of a process that was started by hand: there is nothing to watch.
    """
    if lifeline is not None:
        threading.Thread(target=_watch, args=(lifeline,), name="lifeline", daemon=True).start()


def limit_stop(grace: float = GRACE) -> None:
    """Call when a stop begins: end this process after `grace` seconds even if something hangs."""
    stopping.set()
    threading.Thread(target=_end, args=(grace,), name="stop-limit", daemon=True).start()


def _watch(lifeline: int) -> None:
    try:
        while os.read(lifeline, 1):
            pass
    except OSError as error:
        log.error("The lifeline cannot be read (%s); stopping.", error)
    log.warning("The process that started this one is gone; stopping.")
    limit_stop()
    os.kill(os.getpid(), signal.SIGTERM)


def _end(grace: float) -> None:
    time.sleep(grace)
    os._exit(0)

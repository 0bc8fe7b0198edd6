"""The thread that keeps the stores in order: cuts, flushes and forgets when it is time."""

import logging
import threading
import time
from typing import Protocol

from watchbill.telemetry import memory
from watchbill.telemetry.store.chunks import ChunkStoreError

log = logging.getLogger(__name__)

ROUND_SECONDS = 1.0
EXPIRE_SECONDS = 3600.0
GIVE_BACK_SECONDS = 5.0
RETRY_SECONDS = 15.0


class Kept(Protocol):
    """A store as the keeper sees it. Both may raise `ChunkStoreError`."""

    def upkeep(self) -> None:
        """Move into long-term storage what is due."""
        ...

    def expire(self) -> None:
        """Delete what is older than the retention."""
        ...


class Keeper:
    """Runs `upkeep` and `expire` in the background. What fails is tried again and shown."""

    def __init__(self, *stores: Kept) -> None:
        self._stores = stores
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._problem: str | None = None

    @property
    def problem(self) -> str | None:
        """What keeps samples from moving into long-term storage, if anything."""
        if self._thread.ident is not None and not self._thread.is_alive():
            return "the keeper has ended"
        return self._problem

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Let the round under way finish."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        expire_at = give_back_at = time.monotonic()
        wait = ROUND_SECONDS
        while not self._stopping.wait(wait):
            try:
                for store in self._stores:
                    store.upkeep()
                if time.monotonic() >= give_back_at:
                    memory.give_back()
                    give_back_at = time.monotonic() + GIVE_BACK_SECONDS
                if time.monotonic() >= expire_at:
                    for store in self._stores:
                        store.expire()
                    expire_at = time.monotonic() + EXPIRE_SECONDS
            except (ChunkStoreError, OSError) as error:
                log.error("moving into long-term storage failed, all stays in the log: %s", error)
                self._problem = str(error)
                wait = RETRY_SECONDS
            else:
                self._problem = None
                wait = ROUND_SECONDS

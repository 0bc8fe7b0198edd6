"""The thread that keeps a sample store in order: cuts, flushes and forgets when it is time."""

import logging
import threading
import time

from watchbill.telemetry.store.chunks import ChunkStoreError
from watchbill.telemetry.store.samples import SampleStore

log = logging.getLogger(__name__)

ROUND_SECONDS = 1.0
EXPIRE_SECONDS = 3600.0
RETRY_SECONDS = 15.0


class Keeper:
    """Runs `upkeep` and `expire` in the background. What fails is tried again and shown."""

    def __init__(self, store: SampleStore) -> None:
        self._store = store
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self.problem: str | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Let the round under way finish."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        expire_at = time.monotonic()
        wait = ROUND_SECONDS
        while not self._stopping.wait(wait):
            try:
                self._store.upkeep()
                if time.monotonic() >= expire_at:
                    self._store.expire()
                    expire_at = time.monotonic() + EXPIRE_SECONDS
            except (ChunkStoreError, OSError) as error:
                log.error("moving samples into chunks failed, they stay in the log: %s", error)
                self.problem = str(error)
                wait = RETRY_SECONDS
            else:
                self.problem = None
                wait = ROUND_SECONDS

"""The keeper: a store that fails is shown and tried again, and one that broke is not hidden."""

import threading

import pytest
from tests.telemetry.server_process import until

from watchbill.telemetry.store import keeper as keeper_module
from watchbill.telemetry.store.chunks import ChunkStoreError
from watchbill.telemetry.store.keeper import Keeper


class Failing:
    """A store whose upkeep raises what it is told to."""

    def __init__(self) -> None:
        self.error: Exception | None = ChunkStoreError("no space left")
        self.rounds = 0

    def upkeep(self) -> None:
        self.rounds += 1
        if self.error is not None:
            raise self.error

    def expire(self) -> None:
        pass


def test_a_failure_is_shown_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "ROUND_SECONDS", 0.01)
    monkeypatch.setattr(keeper_module, "RETRY_SECONDS", 0.01)
    store = Failing()
    keeper = Keeper(store)
    assert keeper.problem is None
    keeper.start()
    until(lambda: store.rounds > 2)
    assert keeper.problem == "no space left"
    store.error = None
    until(lambda: keeper.problem is None)
    keeper.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_keeper_that_broke_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "ROUND_SECONDS", 0.01)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    store = Failing()
    store.error = KeyError("a fault of ours")
    keeper = Keeper(store)
    keeper.start()
    until(lambda: keeper.problem == "the keeper has ended")
    keeper.stop()

"""Telemetry processes that are stopped when their test ends."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.telemetry.server_process import Telemetry


@pytest.fixture
def make_telemetry(tmp_path: Path) -> Iterator[Callable[..., Telemetry]]:
    made: list[Telemetry] = []

    def make(data: Path | None = None, *, host: bool = False) -> Telemetry:
        made.append(Telemetry(tmp_path, data, host=host))
        return made[-1]

    yield make
    for one in made:
        one.client.close()
        one.stop()


@pytest.fixture
def telemetry(make_telemetry: Callable[..., Telemetry]) -> Telemetry:
    """A running process."""
    return make_telemetry().start()

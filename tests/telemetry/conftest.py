"""Telemetry processes that are stopped when their test ends."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from tests.telemetry.machine_code import in_use
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


@pytest.fixture(scope="module", params=["python", "compiled"])
def both_ways(request: pytest.FixtureRequest) -> Iterator[None]:
    """The tests that use this run twice: with NumPy, and with the kernels as machine code."""
    with in_use() if request.param == "compiled" else nullcontext():
        yield

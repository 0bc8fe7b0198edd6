"""Telemetry processes that are stopped when their test ends."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.telemetry.server_process import Telemetry

from watchbill.telemetry import jit
from watchbill.telemetry.server import KERNELS


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


@pytest.fixture(scope="session")
def jit_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the machine code of a test run is kept."""
    return tmp_path_factory.mktemp("jit")


@pytest.fixture(scope="module", params=["python", "compiled"])
def both_ways(request: pytest.FixtureRequest, jit_folder: Path) -> Iterator[None]:
    """The tests that use this run twice: with NumPy, and with the kernels as machine code."""
    if request.param == "compiled":
        assert jit.prepare(jit_folder, KERNELS)
    yield
    for kernel in jit.KERNELS.values():
        kernel.bind(None)

"""Real installations for tests, with nothing of them left afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.processes.installation import Installation


@contextmanager
def cleared_away(data: Path) -> Iterator[Installation]:
    installation = Installation(data)
    try:
        yield installation
    finally:
        for process in installation.processes():
            process.kill()
        if installation.process:
            installation.process.wait()
            if installation.process.stdout:
                installation.process.stdout.close()


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """One of the test's own, not started yet."""
    with cleared_away(tmp_path / "data") as installation:
        yield installation


@pytest.fixture
def running(installation: Installation) -> Installation:
    """One of the test's own, started and ready."""
    installation.serve()
    return installation


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One for all tests that leave it running, however often its processes were restarted."""
    with cleared_away(tmp_path_factory.mktemp("shared") / "data") as installation:
        installation.serve()
        yield installation

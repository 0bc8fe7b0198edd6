"""A real installation for a test, with nothing of it left afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.processes.installation import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """Not started yet. Whatever is left of it at the end is killed."""
    installation = Installation(tmp_path / "data")
    yield installation
    for process in installation.processes():
        process.kill()
    if installation.process:
        installation.process.wait()
        if installation.process.stdout:
            installation.process.stdout.close()


@pytest.fixture
def running(installation: Installation) -> Installation:
    """Started and ready."""
    installation.serve()
    return installation

"""One running example for all walks of this folder."""

from collections.abc import Iterator

import pytest
from tests.walks.demo import Demo, running


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("walk") / "data") as demo:
        yield demo

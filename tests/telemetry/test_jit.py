"""Machine code made by a child, loaded without numba, and everything that can go wrong with it."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from watchbill.telemetry import jit

MODULE = "tests.telemetry.jit_kernels"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jit")


@pytest.fixture(autouse=True)
def unbound() -> Iterator[None]:
    yield
    for kernel in jit.KERNELS.values():
        kernel.bind(None)


def sample() -> tuple[np.ndarray, np.ndarray]:
    return np.array([1.0, -2.5, 4.0]), np.zeros((3, 2))


def test_machine_code_does_what_python_does(cache: Path) -> None:
    from tests.telemetry.jit_kernels import scale

    values, by_python = sample()
    assert not scale.compiled
    assert scale(values, 3, by_python) == 3
    assert jit.prepare(cache, [MODULE])
    assert scale.compiled
    values, by_machine = sample()
    assert scale(values, 3, by_machine) == 3
    np.testing.assert_array_equal(by_machine, by_python)
    assert by_machine[1].tolist() == [-7.5, np.inf]


def test_a_second_start_compiles_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert jit.prepare(cache, [MODULE])
    monkeypatch.setattr(jit, "_compile_apart", lambda *_: pytest.fail("compiled again"))
    assert jit.prepare(cache, [MODULE])
    assert len(list(cache.iterdir())) == 1


def test_the_serving_process_never_imports_numba(cache: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from watchbill.telemetry import jit\n"
        f"assert jit.prepare(Path({str(cache)!r}), [{MODULE!r}])\n"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_damaged_cache_is_made_again(cache: Path) -> None:
    assert jit.prepare(cache, [MODULE])
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-100])
    assert jit.prepare(cache, [MODULE])
    (file,) = cache.iterdir()
    assert len(file.read_bytes()) == len(whole)


def test_a_cache_that_cannot_be_written_means_numpy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from tests.telemetry.jit_kernels import scale

    blocked = tmp_path / "file"
    blocked.write_text("")
    with caplog.at_level(logging.WARNING):
        assert not jit.prepare(blocked / "cache", [MODULE])
    assert len(caplog.records) == 1
    assert "slower NumPy" in caplog.text
    assert scale(*(lambda v, out: (v, 1, out))(*sample())) == 3


def test_what_does_not_compile_means_numpy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "odd_kernels.py").write_text(
        "from watchbill.telemetry.jit import kernel\n\n"
        "@kernel('int64')\ndef odd(n):\n    return open(n)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    try:
        with caplog.at_level(logging.WARNING):
            assert not jit.prepare(tmp_path / "cache", ["odd_kernels"])
    finally:
        jit.KERNELS.pop("odd_kernels.odd")
    assert len(caplog.records) == 1
    assert "compiler ended with status" in caplog.text
    assert list((tmp_path / "cache").iterdir()) == []


def test_machine_code_may_call_the_c_library(cache: Path) -> None:
    from tests.telemetry.jit_kernels import clear

    assert jit.prepare(cache, [MODULE])
    out = np.zeros(1000, np.int64)
    clear(out)
    assert (out == -1).all()


def test_arrays_must_be_as_declared(cache: Path) -> None:
    from tests.telemetry.jit_kernels import scale

    assert jit.prepare(cache, [MODULE])
    values, out = sample()
    for bad in (values.astype(np.float32), np.zeros(6)[::2], np.zeros((3, 1))):
        with pytest.raises(TypeError, match="takes"):
            scale(bad, 1, out)
    with pytest.raises(TypeError, match="a scalar is one of"):
        jit.kernel("text")(lambda text: 0)

"""What fuzzing found before, and inputs made to hurt, are read as they should be."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fuzz.guard import MAX_BYTES, TooSlowError, guarded
from tests.fuzz.mutate import mutated
from tests.fuzz.targets import Target, targets

TARGETS = targets()
CORPUS = Path(__file__).parent / "corpus"


def inputs(name: str) -> Iterator[bytes]:
    yield from TARGETS[name].seeds
    for path in sorted((CORPUS / name).glob("*")):
        yield path.read_bytes()


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_is_read_or_refused(name: str) -> None:
    read = guarded(TARGETS[name])
    for data in inputs(name):
        read(data)


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_are_right(name: str) -> None:
    """A seed that is refused would lead mutations nowhere."""
    run = TARGETS[name].make()
    for seed in TARGETS[name].seeds:
        run(seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_inputs_near_the_seeds_are_read_or_refused(name: str, data: st.DataObject) -> None:
    guarded(TARGETS[name])(data.draw(mutated(TARGETS[name])))


HOSTILE = [
    b"(" * MAX_BYTES,
    b"[" * MAX_BYTES,
    b"{" * MAX_BYTES,
    b'{"a":' * (MAX_BYTES // 5),
    b"-" * MAX_BYTES,
    b"\x0a" * MAX_BYTES,
    b"\xff" * MAX_BYTES,
    b"\0" * MAX_BYTES,
    b"a+" * (MAX_BYTES // 2) + b"a",
    b"a^" * (MAX_BYTES // 2) + b"a",
    b"sum(" * (MAX_BYTES // 4) + b"a",
    b'{a="' + b"\\" * MAX_BYTES + b'"}',
    b"#" * MAX_BYTES,
    b" " * MAX_BYTES,
    b'"' * MAX_BYTES,
    b"1" * MAX_BYTES,
    b"1e" + b"9" * MAX_BYTES,
    b"a[" + b"1h" * (MAX_BYTES // 2) + b"]",
    b'{a=~"' + b"(a*)*" * 500 + b'"}',
    b'{a=~"' + b"a{1000}" * 100 + b'"}',
    "\N{GRINNING FACE}".encode() * 1000,
]


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_made_to_hurt_are_refused_in_time(name: str) -> None:
    read = guarded(TARGETS[name])
    for data in HOSTILE:
        read(data)


def test_the_guard_notices_what_it_is_for() -> None:
    def slow(data: bytes) -> None:
        end = time.process_time() + 1.1
        while time.process_time() < end:
            os.getpid()

    def silent(data: bytes) -> None:
        raise ValueError

    stated = ("builtins:ValueError",)
    with pytest.raises(TooSlowError):
        guarded(Target(lambda: slow, (), ()))(b"")
    with pytest.raises(AssertionError):
        guarded(Target(lambda: silent, stated, ()))(b"")
    with pytest.raises(ValueError, match=r"^$"):
        guarded(Target(lambda: silent, (), ()))(b"")
    guarded(Target(lambda: lambda data: int(data), stated, ()))(b"x")

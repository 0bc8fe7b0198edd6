"""Varints: the specification's examples, and every number comes back."""

from hypothesis import given
from hypothesis import strategies as st

from watchbill.lib.varint import varint
from watchbill.telemetry.intake.protobuf import read_varint, signed


def test_as_the_specification_shows() -> None:
    assert varint(0) == b"\x00"
    assert varint(150) == b"\x96\x01"
    assert varint(-2) == b"\xfe" + b"\xff" * 8 + b"\x01"


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_number_comes_back(number: int) -> None:
    written = varint(number)
    read, end = read_varint(written, 0, len(written))
    assert (signed(read), end) == (number, len(written))

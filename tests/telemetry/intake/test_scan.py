"""The scanner in machine code: it gives what the careful reader gives, or leaves it to that."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.telemetry import bodies
from tests.telemetry.intake.test_remote_write import BODY, Known
from tests.telemetry.machine_code import in_use

from watchbill.telemetry.intake.batch import Batch
from watchbill.telemetry.intake.protobuf import MalformedError
from watchbill.telemetry.intake.remote_write import RemoteWriteDecoder
from watchbill.telemetry.intake.scan import Scanner, scan
from watchbill.telemetry.store.index import SeriesIndex

NOW = 1_700_000_000_000
Row = tuple[str, int, int]


@pytest.fixture(scope="module", autouse=True)
def machine() -> Iterator[None]:
    with in_use():
        assert scan.compiled
        yield


class Reader:
    """A decoder that remembers, and what it makes of a body, in words and bits."""

    def __init__(self, *, carefully: bool) -> None:
        self.known = Known()
        self.decoder = RemoteWriteDecoder(self.known)
        if carefully:
            self.read = self.decoder._read_carefully
        else:
            self.read = self.decoder.decode_plain

    def rows(self, plain: bytes) -> tuple[list[Row], int, int, dict[str, object]] | str:
        try:
            batch: Batch = self.read(plain)
        except MalformedError:
            return "malformed"
        columns = batch.samples
        rows = zip(
            columns.slots.tolist(), columns.t.tolist(), columns.v.view("u8").tolist(), strict=True
        )
        return (
            sorted((str(self.known.labels(slot)), t, bits) for slot, t, bits in rows),
            len(batch.histograms),
            len(batch.exemplars),
            dict(batch.metadata),
        )


def test_known_series_new_series_and_another_order() -> None:
    fast, careful = Reader(carefully=False), Reader(carefully=True)
    names = [{"__name__": "m", "i": str(i), "long": "x" * (i % 300)} for i in range(3000)]
    for turn in range(4):
        order = np.random.default_rng(turn).permutation(3000) if turn == 2 else range(3000)
        some = [names[i] for i in order if i % (turn + 1) or turn == 3]
        plain = b"".join(bodies.series(labels, [(NOW + turn, float(turn))]) for labels in some)
        assert fast.decoder._scanner.scan(plain) is not None
        assert fast.rows(plain) == careful.rows(plain)
    assert len(fast.decoder._scanner) == 3000


@settings(max_examples=150, deadline=None)
@given(st.lists(BODY, min_size=1, max_size=4))
def test_gives_what_the_careful_reader_gives(
    sent: list[list[tuple[dict[str, str], list[tuple[int, float]]]]],
) -> None:
    fast, careful = Reader(carefully=False), Reader(carefully=True)
    for body in [*sent, *sent]:
        plain = b"".join(bodies.series(*one) for one in body)
        assert fast.rows(plain) == careful.rows(plain)


GOOD = (
    bodies.series({"__name__": "a", "b": "c"}, [(NOW, 1.0), (NOW + 1, 0.0)])
    + bodies.field(3, b"\x08\x01" + bodies.field(2, b"a") + bodies.field(4, b"About a."))
    + bodies.field(
        1,
        bodies.label("__name__", "d")
        + bodies.sample(NOW, 2.0)
        + bodies.field(3, bodies.label("trace", "t") + b"\x11" + bytes(8)),
    )
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_bodies_are_read_or_refused_alike(data: st.DataObject) -> None:
    fast, careful = Reader(carefully=False), Reader(carefully=True)
    assert fast.rows(GOOD) == careful.rows(GOOD)
    damaged = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(GOOD) - 1))] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(1, len(GOOD)))]
    before = len(fast.known.slots)
    rows = fast.rows(bytes(damaged))
    assert rows == careful.rows(bytes(damaged))
    if rows == "malformed":
        assert len(fast.known.slots) == before, "a body that is refused makes no series"


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_left_to_the_careful_reader_or_read(noise: bytes) -> None:
    Scanner().scan(noise)


def test_what_it_knows_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watchbill.telemetry.intake.scan.KNOWN_LIMIT", 10)
    fast, careful = Reader(carefully=False), Reader(carefully=True)
    for turn in range(5):
        plain = b"".join(
            bodies.series({"__name__": "m", "i": str(turn * 7 + i)}, [(NOW, 1.0)]) for i in range(8)
        )
        assert fast.rows(plain) == careful.rows(plain)
        assert len(fast.decoder._scanner) <= 10


@pytest.mark.parametrize("carefully", [True, False])
def test_beyond_the_series_limit_the_rest_is_taken(*, carefully: bool) -> None:
    index = SeriesIndex(limit=2)
    decoder = RemoteWriteDecoder(index.intern)
    read = decoder._read_carefully if carefully else decoder.decode_plain
    for turn in range(2):
        plain = b"".join(
            bodies.series({"__name__": "m", "i": str(i)}, [(NOW + turn, float(i))])
            for i in range(4)
        )
        batch = read(plain)
        samples = batch.samples.sorted()
        assert samples.slots.tolist() == [0, 1]
        assert samples.v.tolist() == [0.0, 1.0]
        assert batch.refused.counts == {"series limit": 2}
        assert 'limit of 2 reached: {__name__="m", i="2"}' in str(batch.refused)

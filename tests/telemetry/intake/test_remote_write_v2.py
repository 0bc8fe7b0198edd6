"""Remote write 2.0 against bodies built by hand, field by field."""

import contextlib
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.telemetry import bodies
from tests.telemetry.intake.histograms import custom, exponential

from watchbill.telemetry.exemplars import Exemplar
from watchbill.telemetry.intake.batch import Batch
from watchbill.telemetry.intake.metadata import Metadata
from watchbill.telemetry.intake.protobuf import MalformedError
from watchbill.telemetry.intake.remote_write_v2 import MAX_PLAIN_BYTES, RemoteWriteV2Decoder
from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.storage import Labels, labels_of
from watchbill.telemetry.store.index import SeriesIndex

T = 1_700_000_000_000


class Symbols:
    """The table of strings of a body under construction."""

    def __init__(self) -> None:
        self.texts = [""]

    def ref(self, text: str) -> int:
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text)

    def refs(self, place: int, labels: dict[str, str]) -> bytes:
        pairs = [one for pair in sorted(labels.items()) for one in pair]
        return bodies.field(place, b"".join(bodies.varint(self.ref(one)) for one in pairs))

    def packed(self) -> bytes:
        return b"".join(bodies.field(4, text.encode()) for text in self.texts)


def sample(t_ms: int, value: float, start_ms: int = 0) -> bytes:
    content = bodies.double(1, value) + bodies.number(2, t_ms) + bodies.number(3, start_ms)
    return bodies.field(2, content)


def series(symbols: Symbols, labels: dict[str, str], *parts: bytes) -> bytes:
    return bodies.field(5, symbols.refs(1, labels) + b"".join(parts))


def decode(plain: bytes, index: SeriesIndex | None = None) -> tuple[Batch, list[Labels]]:
    index = SeriesIndex() if index is None else index
    batch = RemoteWriteV2Decoder(index.intern).decode(bodies.compress(plain))
    return batch, index.labels


def rows(batch: Batch, labels: list[Labels]) -> list[tuple[Any, int, bytes]]:
    columns = batch.samples
    return sorted(
        (labels[slot], t, struct.pack("<d", v))
        for slot, t, v in zip(columns.slots, columns.t.tolist(), columns.v.tolist(), strict=True)
    )


LABELS = st.dictionaries(
    st.text("abc_é", min_size=1, max_size=4), st.text(min_size=1, max_size=8), max_size=4
).map(lambda labels: {**labels, "__name__": "m"})
SAMPLES = st.lists(
    st.tuples(st.integers(-(2**63), 2**63 - 1), st.floats(), st.integers(0, T)),
    min_size=1, max_size=4,
)  # fmt: skip


@given(st.lists(st.tuples(LABELS, SAMPLES), max_size=5), st.booleans())
def test_gives_back_what_was_encoded(given_series: list, symbols_last: bool) -> None:
    symbols = Symbols()
    content = b"".join(
        series(symbols, labels, *(sample(*one) for one in samples))
        for labels, samples in given_series
    )
    parts = (content, symbols.packed()) if symbols_last else (symbols.packed(), content)
    batch, labels = decode(b"".join(parts))
    assert not batch.refused
    assert rows(batch, labels) == sorted(
        (labels_of(own), t, struct.pack("<d", value))
        for own, samples in given_series
        for t, value, _ in samples
    )


@given(st.lists(exponential() | custom(), min_size=1, max_size=3))
def test_native_histograms_come_back(given_histograms: list[Histogram]) -> None:
    symbols = Symbols()
    content = series(
        symbols, {"__name__": "h"},
        *(bodies.field(3, bodies.histogram(T + at, h)) for at, h in enumerate(given_histograms)),
    )  # fmt: skip
    batch, _ = decode(symbols.packed() + content)
    assert batch.histograms.t.tolist() == [T + at for at in range(len(given_histograms))]
    assert batch.histograms.h is not None
    assert [one.pack() for one in batch.histograms.h] == [one.pack() for one in given_histograms]
    assert np.isnan(batch.histograms.v).all()
    assert len(batch.samples) == 0


def test_exemplars_and_metadata_are_read() -> None:
    symbols = Symbols()
    exemplar = symbols.refs(1, {"trace_id": "abc"}) + bodies.double(2, 0.5) + bodies.number(3, T)
    about = (
        bodies.number(1, 3)
        + bodies.number(3, symbols.ref("How long."))
        + bodies.number(4, symbols.ref("seconds"))
    )
    content = series(
        symbols, {"__name__": "took_bucket", "le": "1"},
        sample(T, 3.0), bodies.field(4, exemplar), bodies.field(5, about),
    )  # fmt: skip
    batch, _ = decode(symbols.packed() + content)
    assert batch.exemplars == [(0, Exemplar((("trace_id", "abc"),), 0.5, T))]
    assert batch.metadata == {"took": Metadata("histogram", "How long.", "seconds")}


GOOD = {"__name__": "good"}


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (b"\x01", "a label name has no value"),
        (b"\x01\x63", "a reference beyond the 5 symbols"),
        (b"", "no metric name"),
        (b"\x03\x04", "no metric name"),
        (b"\x01\x02\x01\x02", "appears twice"),
        (b"\x00\x04\x01\x02", "a label name is empty"),
        (b"\x01\x00", "no metric name"),
    ],
)
def test_a_bad_series_is_refused_and_the_others_are_taken(labels: bytes, reason: str) -> None:
    symbols = Symbols()
    good = series(symbols, GOOD, sample(T, 1.0))
    for text in ("x", "y"):
        symbols.ref(text)
    bad = bodies.field(5, bodies.field(1, labels) + sample(T, 2.0) + sample(T + 1, 2.0))
    batch, made = decode(symbols.packed() + bad + good)
    assert rows(batch, made) == [(labels_of(GOOD), T, struct.pack("<d", 1.0))]
    assert batch.refused.counts == {"invalid labels": 2}
    assert "the first: series 0: " in str(batch.refused)
    assert reason in str(batch.refused)


def test_a_series_without_samples_is_refused() -> None:
    symbols = Symbols()
    batch, _ = decode(series(symbols, GOOD) + symbols.packed())
    assert batch.refused.counts == {"neither samples nor histograms": 1}


def test_beyond_the_series_limit_the_known_ones_go_on() -> None:
    symbols = Symbols()
    content = b"".join(
        series(symbols, {"__name__": name}, sample(T, 1.0)) for name in ("first", "second", "third")
    )
    batch, made = decode(symbols.packed() + content, SeriesIndex(limit=2))
    assert [dict(labels)["__name__"] for labels in made] == ["first", "second"]
    assert len(batch.samples) == 2
    assert batch.refused.counts == {"series limit": 1}


def test_a_broken_body_makes_no_series() -> None:
    symbols = Symbols()
    index = SeriesIndex()
    content = series(symbols, GOOD, sample(T, 1.0)) + bodies.field(5, b"\x12\x7f")
    with pytest.raises(MalformedError, match="TimeSeries"):
        decode(symbols.packed() + content, index)
    assert len(index) == 0


def test_a_body_that_claims_too_much_is_refused_unread() -> None:
    decoder = RemoteWriteV2Decoder(SeriesIndex().intern)
    claims = bodies.varint(4 << 30) + bytes(10_000)
    with pytest.raises(MalformedError, match=f"exceeds the limit of {MAX_PLAIN_BYTES}"):
        decoder.decode(claims)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_give_an_answer_or_the_error(plain: bytes) -> None:
    decoder = RemoteWriteV2Decoder(SeriesIndex().intern)
    for body in (plain, bodies.compress(plain), bodies.compress(bodies.field(5, plain))):
        with contextlib.suppress(MalformedError):
            decoder.decode(body)


def test_a_body_of_countless_samples_is_refused() -> None:
    symbols = Symbols()
    content = series(symbols, GOOD, b"\x12\x00" * 1_000_001)
    with pytest.raises(MalformedError, match="more than 1000000 samples"):
        decode(symbols.packed() + content)

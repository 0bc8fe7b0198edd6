"""The decoder against bodies built by hand: every form of sample, and bodies that are wrong."""

import contextlib
import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.telemetry import bodies

from watchbill.telemetry.exemplars import Exemplar
from watchbill.telemetry.intake.protobuf import MalformedError
from watchbill.telemetry.intake.remote_write import RemoteWriteDecoder
from watchbill.telemetry.promql.histogram import Buckets, Histogram
from watchbill.telemetry.promql.storage import STALE, STALE_BITS, Labels, is_stale

NOW = 1_700_000_000_000


class Known:
    """An `intern` that numbers label sets as they come."""

    def __init__(self) -> None:
        self.slots: dict[Labels, int] = {}

    def __call__(self, labels: Labels) -> int:
        return self.slots.setdefault(labels, len(self.slots))

    def labels(self, slot: int) -> dict[str, str]:
        return dict(list(self.slots)[slot])


def decoded(*plain: bytes) -> list[tuple[dict[str, str], int, float]]:
    """What a decoder makes of the last body, having seen the ones before; sorted."""
    known = Known()
    decoder = RemoteWriteDecoder(known)
    for one in plain:
        columns = decoder.decode(bodies.compress(one)).samples
    rows = zip(columns.slots.tolist(), columns.t.tolist(), columns.v.tolist(), strict=True)
    return sorted(
        ((known.labels(slot), t, v) for slot, t, v in rows), key=lambda row: (str(row[0]), row[1])
    )


LABELS = st.dictionaries(
    st.text("abc_", min_size=1, max_size=4), st.text(min_size=1, max_size=8), max_size=4
).map(lambda labels: {**labels, "__name__": "m"})
SAMPLES = st.lists(
    st.tuples(
        st.one_of(st.integers(NOW - 10**9, NOW), st.integers(-(2**63), 2**63 - 1)),
        st.one_of(st.just(0.0), st.floats(allow_nan=False)),
    ),
    max_size=4,
)
BODY = st.lists(
    st.tuples(LABELS, SAMPLES), max_size=5, unique_by=lambda one: str(sorted(one[0].items()))
)


@given(st.lists(BODY, min_size=1, max_size=3))
def test_gives_back_what_was_encoded(
    sent: list[list[tuple[dict[str, str], list[tuple[int, float]]]]],
) -> None:
    plain = [b"".join(bodies.series(*one) for one in one_body) for one_body in sent]
    expected = sorted(
        ((labels, t, v) for labels, samples in sent[-1] for t, v in samples),
        key=lambda row: (str(dict(sorted(row[0].items()))), row[1]),
    )
    got = decoded(*plain)
    assert [(sorted(labels.items()), t) for labels, t, _ in got] == [
        (sorted(labels.items()), t) for labels, t, _ in expected
    ]
    assert sorted(v for _, _, v in got) == sorted(v for _, _, v in expected)


def test_known_series_are_read_the_same_as_new_ones() -> None:
    plain = bodies.series({"__name__": "a"}, [(NOW, 1.5)]) + bodies.series(
        {"__name__": "b", "x": "y"}, [(NOW, 0.0)]
    )
    assert decoded(plain) == decoded(plain, plain) == [
        ({"__name__": "a"}, NOW, 1.5),
        ({"__name__": "b", "x": "y"}, NOW, 0.0),
    ]  # fmt: skip


def test_the_staleness_marker_keeps_its_bits() -> None:
    (stale,) = struct.unpack("<d", struct.pack("<Q", STALE_BITS))
    plain = bodies.series({"__name__": "a"}, [(NOW, stale)])
    ((_, _, value),) = decoded(plain, plain)
    assert math.isnan(value)
    assert struct.unpack("<Q", struct.pack("<d", value)) == (STALE_BITS,)


def test_metadata_exemplars_and_histograms_are_seen() -> None:
    about = bodies.field(
        3, b"\x08\x01" + bodies.field(2, b"req_total") + bodies.field(4, b"Requests.")
    )
    odd = bodies.field(
        1,
        bodies.label("__name__", "a") + bodies.field(3, b"\x09" + bytes(8)) + bodies.field(4, b""),
    )
    request = RemoteWriteDecoder(Known()).decode_plain(about + odd)
    assert request.metadata["req_total"].type == "counter"
    assert request.metadata["req_total"].help == "Requests."
    assert request.exemplars == [(0, Exemplar((), 0.0, 0))]
    assert len(request.samples) == 0
    assert isinstance(request.histograms.h, np.ndarray)
    assert request.histograms.h[0].count == 0


def test_histograms_and_exemplars_belong_to_their_series() -> None:
    told = Histogram(
        2, 6.0, 12.5, 0.001, 1.0,
        Buckets(np.array([-3, -2, 5], np.int32), np.array([1.0, 0.0, 4.0])),
    )  # fmt: skip
    exemplar = (
        bodies.field(1, bodies.field(1, b"trace_id") + bodies.field(2, b"abc"))
        + bodies.double(2, 0.25)
        + bodies.number(3, NOW)
    )
    labels = bodies.label("__name__", "h")
    stale = bodies.histogram(NOW + 1, Histogram(0, 0.0, STALE))
    body = bodies.series({"__name__": "a"}, [(NOW, 1.0)]) + bodies.field(
        1,
        labels
        + bodies.field(3, exemplar)
        + bodies.field(4, bodies.histogram(NOW, told))
        + bodies.field(4, stale),
    )
    known = Known()
    batch = RemoteWriteDecoder(known).decode_plain(body)
    h = next(slot for labels, slot in known.slots.items() if dict(labels)["__name__"] == "h")
    assert batch.histograms.slots.tolist() == [h]
    assert batch.histograms.t.tolist() == [NOW]
    assert batch.histograms.h is not None
    assert batch.histograms.h[0].pack() == told.pack()
    assert batch.exemplars == [(h, Exemplar((("trace_id", "abc"),), 0.25, NOW))]
    ended = batch.samples.where(batch.samples.slots == h)
    assert is_stale(ended.v).tolist() == [True]


def test_a_histogram_that_contradicts_itself_is_refused_alone() -> None:
    bad = bodies.number(1, 5) + bodies.number(15, NOW)  # five observations, no bucket
    body = bodies.series({"__name__": "a"}, [(NOW, 1.0)]) + bodies.field(
        1, bodies.label("__name__", "h") + bodies.field(4, bad)
    )
    batch = RemoteWriteDecoder(Known()).decode_plain(body)
    assert len(batch.samples) == 1
    assert len(batch.histograms) == 0
    assert "buckets hold 0 of 5 observations" in str(batch.refused)


A = bodies.label("__name__", "a")
GOOD = bodies.series({"__name__": "a", "b": "c"}, [(NOW, 1.0)])


@pytest.mark.parametrize(
    ("plain", "reason"),
    [
        (bodies.field(5, bodies.field(1, b"ab")), "content type says 1.0"),
        (bodies.field(1, bodies.field(1, b"\x0a\x02\xff\xfe")), "not UTF-8"),
        (bodies.field(1, b"\x0a\x7f\x00"), "beyond its series"),
        (bodies.field(1, A + b"\x12\x09\x09\x00"), "beyond its message"),
        (b"\x0f\x00", "wire type"),
        (bodies.field(1, A + b"\x12\x00" * 500_001), "more than 500000 unusual"),
        (bodies.field(1, A + b"\x1a\x00" * 500_001), "more than 500000 unusual"),
        (b"\x1a\x00" * 500_001, "more than 500000 unusual"),
        (bodies.field(1, b"\x0a\x00" * 257), "more than 256 labels"),
        (b"\x0a" + b"\xff" * 11, "bad varint"),
    ],
)  # fmt: skip
def test_a_wrong_body_is_refused_whole(plain: bytes, reason: str) -> None:
    known = Known()
    with pytest.raises(MalformedError, match=reason):
        RemoteWriteDecoder(known).decode(bodies.compress(GOOD + plain))
    assert known.slots == {}


ONE = bodies.sample(NOW, 1.0)


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (bodies.label("b", "c"), 'no metric name in {b="c"}'),
        (bodies.label("__name__", ""), "no metric name"),
        (b"", "no metric name in {}"),
        (A * 2, 'duplicate label name in {__name__="a", __name__="a"}'),
        (A + bodies.label("x", "") + bodies.label("x", "y"), "duplicate label name"),
        (A + bodies.label("", "x"), 'empty label name in {__name__="a", ="x"}'),
        (A + bodies.label("", ""), "empty label name"),
    ],
)
def test_a_series_with_bad_labels_is_refused_alone(labels: bytes, reason: str) -> None:
    known = Known()
    decoder = RemoteWriteDecoder(known)
    other = bodies.series({"__name__": "z"}, [(NOW, 2.0)])
    for _ in range(2):  # also when the others are known
        batch = decoder.decode_plain(GOOD + bodies.field(1, labels + ONE) + other)
        assert batch.samples.v.tolist() == [1.0, 2.0]
        assert len(known.slots) == 2
        assert batch.refused.counts == {"invalid labels": 1}
        assert reason in str(batch.refused)
        assert f"the series at byte {len(GOOD) + 2}" in str(batch.refused)


def test_labels_in_any_order_are_one_series() -> None:
    known = Known()
    labels = bodies.label("b", "c") + A
    batch = RemoteWriteDecoder(known).decode_plain(GOOD + bodies.field(1, labels + ONE))
    assert batch.samples.slots.tolist() == [0, 0]


@pytest.mark.parametrize("cut", range(1, len(GOOD)))
def test_a_body_cut_anywhere_is_refused(cut: int) -> None:
    decoder = RemoteWriteDecoder(Known())
    decoder.decode_plain(GOOD)
    with pytest.raises(MalformedError):
        decoder.decode_plain(GOOD[:cut])


@given(st.binary(max_size=200))
def test_noise_is_refused_or_read_but_never_crashes(noise: bytes) -> None:
    decoder = RemoteWriteDecoder(Known())
    for read in (decoder.decode, decoder.decode_plain):
        with contextlib.suppress(MalformedError):
            read(noise)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(MalformedError, match="exceeds the limit"):
        RemoteWriteDecoder(Known()).decode(bodies.varint(1 << 40) + b"\x00")


@pytest.mark.parametrize("spans", [70_000, 600_000])
def test_a_histogram_of_countless_empty_spans_is_refused_alone(spans: int) -> None:
    histogram = bodies.field(4, b"\x5a\x00" * spans)
    batch = RemoteWriteDecoder(Known()).decode_plain(GOOD + bodies.field(1, A + histogram))
    assert batch.refused.counts == {"invalid native histogram": 1}
    assert len(batch.samples) == len(RemoteWriteDecoder(Known()).decode_plain(GOOD).samples)

"""The protobuf exposition against pages built by hand, field by field."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.telemetry import bodies
from tests.telemetry.intake.histograms import exponential

from watchbill.telemetry.exemplars import Exemplar
from watchbill.telemetry.intake.exposition import series_labels
from watchbill.telemetry.intake.exposition_protobuf import parse_protobuf
from watchbill.telemetry.intake.metadata import Metadata
from watchbill.telemetry.intake.protobuf import MalformedError
from watchbill.telemetry.promql.histogram import Histogram

COUNTER, GAUGE, SUMMARY, UNTYPED, HISTOGRAM, GAUGE_HISTOGRAM = range(6)
T = 1_700_000_000_123


def pair(place: int, name: str, value: str) -> bytes:
    return bodies.field(place, bodies.field(1, name.encode()) + bodies.field(2, value.encode()))


def metric(place: int, content: bytes, labels: dict[str, str] | None = None) -> bytes:
    pairs = b"".join(pair(1, *one) for one in (labels or {}).items())
    return bodies.field(4, pairs + bodies.field(place, content))


def family(name: str, kind: int, *metrics: bytes, about: str = "", unit: str = "") -> bytes:
    content = bodies.field(1, name.encode()) + bodies.field(2, about.encode())
    content += bodies.number(3, kind) + b"".join(metrics) + bodies.field(5, unit.encode())
    return bodies.varint(len(content)) + content


def exemplar(place: int, trace: str, value: float, t_ms: int) -> bytes:
    stamp = bodies.number(1, t_ms // 1000) + bodies.number(2, t_ms % 1000 * 1_000_000)
    return bodies.field(
        place, pair(1, "trace_id", trace) + bodies.double(2, value) + bodies.field(3, stamp)
    )


def bucket(count: int, bound: float, more: bytes = b"") -> bytes:
    return bodies.field(3, bodies.number(1, count) + bodies.double(2, bound) + more)


def native(told: Histogram, more: bytes = b"", *, whole: bool = True) -> bytes:
    """A histogram message of the exposition, whose numbers are not those of remote write."""
    out = bodies.number(1, int(told.count)) if whole else bodies.double(4, told.count)
    out += bodies.double(2, told.sum) + bodies.signed(5, told.schema)
    out += bodies.double(6, told.zero_threshold)
    zeros = told.zero_count
    out += bodies.number(7, int(zeros)) if whole else bodies.double(8, zeros)
    for buckets, place in ((told.negative, 9), (told.positive, 12)):
        if len(buckets):
            out += bodies.spans(place, buckets.index.tolist())
            counts = buckets.counts.tolist()
            out += (
                bodies.deltas(place + 1, map(int, counts))
                if whole
                else bodies.doubles(place + 2, counts)
            )
    return out + more


NATIVE_PAGE = family("up_seconds", HISTOGRAM, metric(
    7, native(Histogram(3, 2.0, 3.0, 0.001, 2.0), bucket(2, 1.0))
)) + family("b", GAUGE, metric(2, bodies.double(1, 4.0)))  # fmt: skip


def rows(page: bytes, **how: bool) -> list[tuple[dict[str, str], float, int | None]]:
    return [
        (series_labels(one.series), one.value, one.t_ms)
        for one in parse_protobuf(page, **how).samples
    ]


def named(name: str, **labels: str) -> dict[str, str]:
    return {"__name__": name, **labels}


def test_reads_every_plain_kind() -> None:
    summary = bodies.number(1, 4) + bodies.double(2, 8.0) + b"".join(
        bodies.field(3, bodies.double(1, at) + bodies.double(2, value))
        for at, value in ((0.5, 2.0), (1.0, 3.0))
    )  # fmt: skip
    stamped = bodies.field(4, bodies.field(2, bodies.double(1, 1.5)) + bodies.number(6, T))
    page = (
        family("c_total", COUNTER, metric(3, bodies.double(1, 7.0) + exemplar(2, "abc", 0.5, T),
                                          {"a": "b"}), about="Counted.")
        + family("g", GAUGE, stamped, unit="bytes")
        + family("s", SUMMARY, metric(4, summary))
        + family("u", UNTYPED, metric(5, bodies.double(1, -1.0)))
    )  # fmt: skip
    assert rows(page) == [
        (named("c_total", a="b"), 7.0, None), (named("g"), 1.5, T),
        (named("s_count"), 4.0, None), (named("s_sum"), 8.0, None),
        (named("s", quantile="0.5"), 2.0, None), (named("s", quantile="1.0"), 3.0, None),
        (named("u"), -1.0, None),
    ]  # fmt: skip
    found = parse_protobuf(page)
    [(series, one)] = found.exemplars
    assert series_labels(series) == named("c_total", a="b")
    assert one == Exemplar((("trace_id", "abc"),), 0.5, T)
    assert found.metadata == {
        "c_total": Metadata("counter", "Counted.", ""), "g": Metadata("gauge", "", "bytes"),
        "s": Metadata("summary", "", ""), "u": Metadata("unknown", "", ""),
    }  # fmt: skip


def test_classic_histograms_get_their_last_bucket() -> None:
    told = bodies.number(1, 9) + bodies.double(2, 4.5)
    told += bucket(3, 0.1) + bucket(8, 1e6, exemplar(3, "abc", 5.0, T))
    page = family("h", HISTOGRAM, metric(7, told))
    assert rows(page) == [
        (named("h_bucket", le="0.1"), 3.0, None), (named("h_bucket", le="1e+06"), 8.0, None),
        (named("h_bucket", le="+Inf"), 9.0, None), (named("h_count"), 9.0, None),
        (named("h_sum"), 4.5, None),
    ]  # fmt: skip
    [(series, _)] = parse_protobuf(page).exemplars
    assert series_labels(series)["le"] == "1e+06"


@given(st.lists(exponential() | exponential(whole=False), min_size=1, max_size=3))
def test_native_histograms_come_back(told: list[Histogram]) -> None:
    told = [one for one in told if one.zero_threshold or len(one.positive) or len(one.negative)]
    page = family("h", HISTOGRAM, *(
        metric(7, native(one, whole=all(float(x).is_integer() for x in (
            one.count, one.zero_count, *one.positive.counts, *one.negative.counts))))
        for one in told
    ))  # fmt: skip
    found = parse_protobuf(page)
    assert found.samples == []
    unhinted = [Histogram(**{**one.__dict__, "hint": "unknown"}).pack() for one in told]
    assert [one.histogram.pack() for one in found.histograms] == unhinted


def test_which_form_of_a_histogram_is_read_is_a_choice() -> None:
    def form(**how: bool) -> tuple[int, int]:
        found = parse_protobuf(NATIVE_PAGE, **how)
        return len(found.histograms), len(found.samples) - 1

    assert form() == (1, 0)
    assert form(classic=True) == (1, 4)
    assert form(native=False) == (0, 4)


def test_a_gauge_histogram_says_so() -> None:
    page = family("h", GAUGE_HISTOGRAM, metric(7, native(Histogram(0, 0.0, 0.0, 0.1))))
    assert parse_protobuf(page).histograms[0].histogram.hint == "gauge"


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (b"\x05ab", "reaches beyond the page"),
        (b"\x02\x0a\x05", "not a watchbill.exposition.MetricFamily"),
        (family("h", HISTOGRAM, metric(7, native(Histogram(0, 5.0, 1.0, 0.1)))), "hold 0 of 5"),
        (family("h", HISTOGRAM, metric(7, native(Histogram(99, 0.0, 0.0, 0.1)))), "schema 99"),
    ],
)
def test_a_broken_page_is_refused(page: bytes, says: str) -> None:
    with pytest.raises(MalformedError, match=says):
        parse_protobuf(page)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_give_a_page_or_the_error(page: bytes) -> None:
    for one in (page, bodies.varint(len(page)) + page, family("h", 4, bodies.field(4, page))):
        with contextlib.suppress(MalformedError):
            found = parse_protobuf(one)
            for sample in found.samples:
                struct.pack("<d", sample.value)

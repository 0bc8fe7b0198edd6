"""Native histograms beside a real Prometheus that got the same ones by remote write.

Debian's Prometheus (2.42) knows exponential buckets and few functions of them. Queries keep to
those, and clear of what changed since: windows closed to the left, the clamping of extrapolation,
linear interpolation, histograms lost by label_replace and last_over_time.
"""

import math
import random
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest
from tests.telemetry.bodies import compress, field, varint
from tests.telemetry.promql.test_against_prometheus import START, STEP, STEPS, free_port, wait_for

from watchbill.telemetry.http import answers
from watchbill.telemetry.promql.engine import range_
from watchbill.telemetry.promql.histogram import Buckets, Histogram
from watchbill.telemetry.promql.storage import InMemory

Ask = Callable[[str], list[dict[str, Any]]]
pytestmark = pytest.mark.peer

QUERIES = """
h
h offset 45s
rate(h[2m])
increase(h[90s])
sum(h)
sum by (job) (rate(h[2m]))
sum by (schema) (increase(h[3m]))
count(h)
histogram_count(h)
histogram_sum(rate(h[2m]))
histogram_count(sum by (job) (increase(h[2m])))
h and on (job) f
h or f
timestamp(h)
h{job="x",schema="1"} + on (job) h{job="x",schema="-1"}
sum(h{schema="1"} or h{schema="3"})
""".strip().splitlines()


def walk(chance: random.Random, schema: int) -> Iterator[tuple[int, Histogram]]:
    """A counter of observations, now and then begun anew, at no whole second."""
    reach = range(-4, 12)
    counts = [[float(chance.choice((0, 0, 500, 900))) for _ in reach] for _ in range(2)]
    zeros, total, at = 10_000.0, 5e5, START + 7
    for _ in range(60):
        at += chance.choice((15_000, 30_000))
        if chance.random() < 0.05:
            counts, zeros, total = [[0.0] * len(reach) for _ in range(2)], 10_000.0, 0.0
        for side in counts:
            side[chance.randrange(len(reach))] += chance.choice((1, 3, 20))
        zeros, total = zeros + chance.choice((0, 2)), total + chance.random() * 9
        sides = [
            Buckets(
                np.flatnonzero(side).astype(np.int32) + reach.start,
                np.array(side)[np.array(side) > 0],
            )
            for side in counts
        ]
        count = zeros + sum(map(sum, counts))
        if chance.random() > 0.1:
            yield at, Histogram(schema, count, total, 0.001, zeros, *sides)


def written(at: int, histogram: Histogram) -> bytes:
    """A float histogram of remote write. Source: prompb/types.proto."""
    sides = []
    for number, side in ((8, histogram.negative), (11, histogram.positive)):
        expected = 0
        for index in side.index.tolist():
            offset = index - expected
            span = b"\x08" + varint(offset << 1 if offset >= 0 else -offset * 2 - 1) + b"\x10\x01"
            sides.append(field(number, span))
            expected = index + 1
        sides.append(field(number + 2, side.counts.astype("<f8").tobytes()))
    schema = histogram.schema
    return b"".join([
        b"\x11", struct.pack("<d", histogram.count), b"\x19", struct.pack("<d", histogram.sum),
        b"\x20", varint(schema << 1 if schema >= 0 else -schema * 2 - 1),
        b"\x29", struct.pack("<d", histogram.zero_threshold),
        b"\x39", struct.pack("<d", histogram.zero_count),
        *sides, b"\x78", varint(at),
    ])  # fmt: skip


def fill() -> tuple[InMemory, bytes]:
    """The same series in a store and in a body of remote write."""
    chance, store, body = random.Random(11), InMemory(), []
    for job in ("x", "y"):
        labels = {"__name__": "f", "job": job}
        samples = [(START + 7 + at * STEP, float(at)) for at in range(STEPS)]
        store.add(labels, samples)
        numbers = [
            b"\x09" + struct.pack("<d", value) + b"\x10" + varint(at) for at, value in samples
        ]
        body.append(series(labels, 2, numbers))
        for schema in (-1, 1, 3):
            labels = {"__name__": "h", "job": job, "schema": str(schema)}
            histograms = list(walk(chance, schema))
            store.add(labels, histograms)
            body.append(series(labels, 4, [written(*one) for one in histograms]))
    return store, compress(b"".join(body))


def series(labels: dict[str, str], number: int, samples: list[bytes]) -> bytes:
    pairs = [
        field(1, field(1, name.encode()) + field(2, value.encode()))
        for name, value in sorted(labels.items())
    ]
    return field(1, b"".join([*pairs, *(field(number, sample) for sample in samples)]))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ask, Ask]]:
    """Two ways to ask: our engine, and Prometheus."""
    if not shutil.which("prometheus"):
        pytest.skip("needs prometheus")
    folder: Path = tmp_path_factory.mktemp("prometheus")
    (folder / "empty.yml").write_text("")
    store, body = fill()
    server = f"http://127.0.0.1:{free_port()}"
    with subprocess.Popen(
        ["prometheus", "--config.file=empty.yml", "--storage.tsdb.path=data",
         "--storage.tsdb.retention.time=100y", "--enable-feature=native-histograms",
         "--web.enable-remote-write-receiver",
         f"--web.listen-address={server.removeprefix('http://')}"],
        cwd=folder, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            wait_for(f"{server}/-/ready")
            answer = httpx.post(f"{server}/api/v1/write", content=body)
            assert answer.is_success, answer.text
            yield lambda query: ask_engine(store, query), lambda query: ask_peer(server, query)
        finally:
            process.terminate()


def ask_engine(store: InMemory, query: str) -> list[dict[str, Any]]:
    data = range_(store, query, START, START + STEP * STEPS, STEP).data
    found: list[dict[str, Any]] = msgspec.json.decode(msgspec.json.encode(answers.matrix(data)))
    return found


def ask_peer(server: str, query: str) -> list[dict[str, Any]]:
    span = {"start": START / 1000, "end": (START + STEP * STEPS) / 1000, "step": STEP / 1000}
    answer = httpx.post(f"{server}/api/v1/query_range", data={"query": query, **span})
    found: list[dict[str, Any]] = answer.raise_for_status().json()["data"]["result"]
    return found


def alike(ours: Any, theirs: Any) -> bool:
    """The same, down to numbers that are written as strings."""
    match ours, theirs:
        case dict(), dict():
            return ours.keys() == theirs.keys() and all(alike(ours[k], theirs[k]) for k in ours)
        case list(), list():
            return len(ours) == len(theirs) and all(map(alike, ours, theirs))
    if ours == theirs:
        return True
    try:
        return math.isclose(float(ours), float(theirs), rel_tol=1e-9, abs_tol=1e-9)
    except ValueError:
        return False


@pytest.mark.parametrize("query", QUERIES)
def test_the_answer_is_the_same(query: str, both: tuple[Ask, Ask]) -> None:
    ours, theirs = (
        sorted(ask(query), key=lambda series: sorted(series["metric"].items())) for ask in both
    )
    assert ours, "a query without an answer shows nothing"
    assert [series["metric"] for series in ours] == [series["metric"] for series in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert one.keys() == other.keys()
        for kind in one.keys() - {"metric"}:
            assert len(one[kind]) == len(other[kind])
            for ours_, theirs_ in zip(one[kind], other[kind], strict=True):
                assert alike(ours_, theirs_), one["metric"]

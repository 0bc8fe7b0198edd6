"""Remote write over HTTP: what is stored, and how the sender is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.telemetry import bodies
from tests.telemetry.intake.test_remote_write_v2 import Symbols, sample, series
from tests.telemetry.stores import NOW, Client, Stores, open_stores

from watchbill.telemetry.http import write
from watchbill.telemetry.http.bodies import BodyQueue
from watchbill.telemetry.store import samples as samples_module
from watchbill.telemetry.store.samples import OverloadError
from watchbill.telemetry.store.wal import LogFullError

T = NOW * 1000
V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
Post = Callable[..., httpx.Response]


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return open_stores(tmp_path)


@pytest.fixture
def post(stores: Stores) -> Post:
    intake = write.Intake(stores.store, stores.sink, stores.own, BodyQueue(ThreadPoolExecutor(1)))
    client = Client(write.routes(intake))

    def send(body: bytes, kind: str = V2, encoding: str = "snappy") -> httpx.Response:
        headers = {"Content-Type": kind, "Content-Encoding": encoding}
        return client.post("/api/v1/write", body, **headers)

    return send


def written(answer: httpx.Response) -> list[str | None]:
    return [
        answer.headers.get(f"X-Prometheus-Remote-Write-{what}-Written")
        for what in ("Samples", "Histograms", "Exemplars")
    ]


def test_2_0_says_what_is_stored(stores: Stores, post: Post) -> None:
    symbols = Symbols()
    exemplar = symbols.refs(1, {"trace_id": "abc"}) + bodies.double(2, 0.5) + bodies.number(3, T)
    content = series(
        symbols, {"__name__": "m"}, sample(T, 3.0), sample(T + 1, 4.0), bodies.field(4, exemplar)
    )
    answer = post(bodies.compress(symbols.packed() + content))
    assert (answer.status_code, written(answer)) == (204, ["2", "0", "1"])
    assert stores.last("m") == {"": 4.0}
    assert len(stores.exemplars) == 1


def test_2_0_takes_the_good_part_and_tells_of_the_rest(stores: Stores, post: Post) -> None:
    symbols = Symbols()
    content = (
        series(symbols, {"__name__": "m"}, sample(T, 3.0))
        + series(symbols, {"x": "nameless"}, sample(T, 3.0))
        + series(symbols, {"__name__": "old"}, sample(1, 3.0))
    )
    answer = post(bodies.compress(symbols.packed() + content))
    assert (answer.status_code, written(answer)) == (400, ["1", "0", "0"])
    assert "no metric name" in answer.text
    assert "out of bounds" in answer.text
    assert stores.last("m") == {"": 3.0}


def test_a_malformed_body_stores_nothing(stores: Stores, post: Post) -> None:
    for body in (b"no snappy", bodies.compress(b"\x2a\x05ab"), bodies.varint(4 << 30) + b"x"):
        answer = post(body)
        assert (answer.status_code, written(answer)) == (400, ["0", "0", "0"])
        assert answer.text
    assert stores.own.refused_bodies == 3


@pytest.mark.parametrize("kind", [
    "application/x-protobuf", "application/x-protobuf; proto=prometheus.WriteRequest",
    "Application/X-Protobuf; charset=utf-8; proto=\"prometheus.WriteRequest\"",
])  # fmt: skip
def test_1_0_is_told_by_its_content_type(stores: Stores, post: Post, kind: str) -> None:
    answer = post(bodies.body(({"__name__": "m"}, [(T, 1.0)])), kind)
    assert (answer.status_code, written(answer)) == (204, [None] * 3)
    assert stores.last("m") == {"": 1.0}


V1 = "application/x-protobuf;proto=prometheus.WriteRequest"


def test_1_0_takes_the_good_part_and_tells_of_the_rest(stores: Stores, post: Post) -> None:
    answer = post(bodies.body(({"x": "nameless"}, [(T, 1.0)]), ({"__name__": "m"}, [(T, 2.0)])), V1)
    assert answer.status_code == 400
    assert 'no metric name in {x="nameless"}' in answer.text
    assert stores.last("m") == {"": 2.0}


def test_a_body_of_the_other_version_is_not_taken_for_an_empty_one(
    stores: Stores, post: Post
) -> None:
    symbols = Symbols()
    content = series(symbols, {"__name__": "m"}, sample(T, 3.0))
    for body, kind, says in (
        (bodies.body(({"__name__": "m"}, [(T, 1.0)])), V2, "the content type says 2.0"),
        (bodies.compress(symbols.packed() + content), V1, "the content type says 1.0"),
    ):
        answer = post(body, kind)
        assert answer.status_code == 400
        assert says in answer.text
    assert len(stores.store.index) == 0


@pytest.mark.parametrize(("kind", "encoding"), [
    ("application/json", "snappy"), ("application/x-protobuf;proto=other.Message", "snappy"),
    (V2, "gzip"),
])  # fmt: skip
def test_what_is_not_spoken_is_unsupported(post: Post, kind: str, encoding: str) -> None:
    answer = post(b"", kind, encoding)
    assert answer.status_code == 415
    assert "send" in answer.text


@pytest.mark.parametrize(
    ("error", "status"), [(OverloadError("later"), 429), (LogFullError("disk"), 503)]
)
def test_overload_and_a_full_disk_ask_to_come_again(
    stores: Stores, post: Post, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(stores.store, "append", fail)
    symbols = Symbols()
    content = series(symbols, {"__name__": "m"}, sample(T, 3.0))
    answer = post(bodies.compress(symbols.packed() + content))
    assert (answer.status_code, answer.text) == (status, str(error))
    assert int(answer.headers["Retry-After"]) > 0
    assert written(answer) == ["0", "0", "0"]


def test_what_was_forgotten_comes_back_when_it_is_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples_module, "IDLE_SECONDS", 0.0)
    now = float(NOW)
    stores = open_stores(tmp_path, lambda: now)
    intake = write.Intake(stores.store, stores.sink, stores.own, BodyQueue(ThreadPoolExecutor(1)))
    client = Client(write.routes(intake))

    def send() -> int:
        t, symbols = int(now * 1000), Symbols()
        content = series(symbols, {"__name__": "two"}, sample(t, 2.0))
        answers = [
            client.post("/api/v1/write", body, **{"Content-Type": kind})
            for body, kind in (
                (bodies.body(({"__name__": "one"}, [(t, 1.0)])), V1),
                (bodies.compress(symbols.packed() + content), V2),
            )
        ]
        return max(answer.status_code for answer in answers)

    assert send() == 204
    now += 3 * 3600
    stores.store.upkeep()
    now += 40 * 86400
    stores.store.expire()
    assert len(stores.store.index) == 0
    assert send() == 204
    names = stores.store.names.label_values("__name__", [], 0)
    assert names == ["one", "two"]

"""OTLP over HTTP: both encodings, compression, partial success, and errors as the protocol has."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse as MetricsResponse,
)
from opentelemetry.proto.metrics.v1 import metrics_pb2 as pb
from tests.telemetry.intake.otlp.test_metrics import DELTA, request
from tests.telemetry.logs.test_otlp import request as log_request
from tests.telemetry.stores import NOW, Client, Stores, open_stores

from watchbill.telemetry.http import otlp
from watchbill.telemetry.http.bodies import MAX_BYTES, BodyQueue
from watchbill.telemetry.intake.otlp.request import MAX_PLAIN_BYTES
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.logs.table import MemoryLines
from watchbill.telemetry.store.samples import OverloadError
from watchbill.telemetry.store.wal import LogFullError

PROTOBUF, JSON = "application/x-protobuf", "application/json"
METRICS, LOGS = "/otlp/v1/metrics", "/otlp/v1/logs"
GAUGE = pb.Gauge(data_points=[{"as_int": 7, "time_unix_nano": NOW * 10**9}])
GOOD = pb.Metric(name="queue.size", gauge=GAUGE)


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return open_stores(tmp_path)


@pytest.fixture
def logs(tmp_path: Path) -> LogStore:
    store = LogStore(tmp_path, MemoryLines(), timedelta(days=30), seconds=lambda: float(NOW))
    store.open()
    return store


@pytest.fixture
def client(stores: Stores, logs: LogStore) -> Client:
    queue = BodyQueue(ThreadPoolExecutor(1))
    return Client(otlp.routes(stores.store, stores.sink, logs, stores.own, queue))


@pytest.mark.parametrize("path", [METRICS, "/api/v1/otlp/v1/metrics"])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_takes_metrics(stores: Stores, client: Client, path: str, encoding: str) -> None:
    body = request(GOOD)
    sent = gzip.compress(body) if encoding == "gzip" else body
    answer = client.post(path, sent, **{"Content-Type": PROTOBUF, "Content-Encoding": encoding})
    assert (answer.status_code, answer.headers["content-type"]) == (200, PROTOBUF)
    assert MetricsResponse.FromString(answer.content) == MetricsResponse()
    assert stores.last("queue_size") == {"": 7.0}


def test_answers_json_in_json(stores: Stores, client: Client) -> None:
    point = {"asInt": "7", "timeUnixNano": str(NOW * 10**9)}
    body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [
        {"name": "queue.size", "gauge": {"dataPoints": [point]}},
        {"name": "d", "sum": {"aggregationTemporality": 1, "dataPoints": [point, point]}},
    ]}]}]}  # fmt: skip
    answer = client.post(METRICS, json.dumps(body).encode(), **{"Content-Type": JSON})
    partial = answer.json()["partialSuccess"]
    assert (answer.status_code, partial["rejectedDataPoints"]) == (200, "2")
    assert "set the exporter's preference to cumulative" in partial["errorMessage"]
    assert stores.last("queue_size") == {"": 7.0}


def test_what_the_store_refuses_is_told_too(client: Client) -> None:
    old = pb.Metric(
        name="old", gauge=pb.Gauge(data_points=[{"as_int": 7, "time_unix_nano": 10**9}])
    )
    delta = pb.Metric(name="d", sum=pb.Sum(
        data_points=[{"as_int": 1}], aggregation_temporality=DELTA
    ))  # fmt: skip
    answer = client.post(METRICS, request(old, delta, GOOD), **{"Content-Type": PROTOBUF})
    partial = MetricsResponse.FromString(answer.content).partial_success
    assert partial.rejected_data_points == 2
    assert "out of bounds" in partial.error_message


def test_takes_logs(logs: LogStore, client: Client) -> None:
    body = log_request({"time_unix_nano": NOW * 10**9, "body": {"string_value": "hello"}})
    answer = client.post(LOGS, body, **{"Content-Type": PROTOBUF})
    assert (answer.status_code, answer.content, logs.held()) == (200, b"", 1)


def test_lines_that_the_store_refuses_are_told(
    stores: Stores, logs: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "append", lambda lines: f"{len(lines)} of 2 entries refused: too old")
    queue = BodyQueue(ThreadPoolExecutor(1))
    client = Client(otlp.routes(stores.store, stores.sink, logs, stores.own, queue))
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{}, {}]}]}]}
    answer = client.post(LOGS, json.dumps(body).encode(), **{"Content-Type": JSON})
    assert answer.json() == {"partialSuccess": {
        "rejectedLogRecords": "2", "errorMessage": "2 of 2 entries refused: too old",
    }}  # fmt: skip


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\x0a\x05a", {"Content-Type": PROTOBUF}, 400),
        (b"{", {"Content-Type": JSON}, 400),
        (b"no gzip", {"Content-Type": JSON, "Content-Encoding": "gzip"}, 400),
        (gzip.compress(bytes(MAX_PLAIN_BYTES + 1)),
         {"Content-Type": JSON, "Content-Encoding": "gzip"}, 400),
        (b"{}", {"Content-Type": JSON, "Content-Encoding": "br"}, 400),
        (b"", {"Content-Type": "text/plain"}, 415),
        (b"", {}, 415),
    ],
    ids=["protobuf", "json", "no gzip", "too large", "brotli", "text", "nothing"],
)  # fmt: skip
@pytest.mark.parametrize("path", [METRICS, LOGS])
def test_what_is_no_request_is_refused_with_a_reason(
    client: Client, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = client.post(path, body, **headers)
    assert answer.status_code == status
    if headers.get("Content-Type") == JSON:
        assert answer.json()["code"] == 3
        assert answer.json()["message"]
    else:  # google.rpc.Status: code 3, then the message
        assert answer.content.startswith(b"\x08\x03\x12")


@pytest.mark.parametrize(
    ("error", "status"), [(OverloadError("later"), 429), (LogFullError("disk"), 503)]
)
def test_overload_and_a_full_disk_ask_to_come_again(
    stores: Stores,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(stores.store, "append", fail)
    answer = client.post(METRICS, request(GOOD), **{"Content-Type": PROTOBUF})
    assert answer.status_code == status
    assert int(answer.headers["Retry-After"]) > 0
    assert str(error).encode() in answer.content


def test_a_refused_body_is_told_in_the_protocols_shape(client: Client) -> None:
    answer = client.post(METRICS, b"x" * (MAX_BYTES + 1), **{"Content-Type": JSON})
    assert (answer.status_code, answer.headers["content-type"]) == (413, JSON)
    assert answer.json() == {"code": 3, "message": f"body is larger than {MAX_BYTES} bytes"}

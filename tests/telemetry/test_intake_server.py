"""What the process takes in beside remote write 1.0, from the address to the answer of a query."""

import gzip
import json

import pytest
from tests.telemetry import bodies
from tests.telemetry.intake.test_remote_write_v2 import Symbols, sample, series
from tests.telemetry.server_process import READER, WRITER, Telemetry, until

from watchbill.lib import clock

pytestmark = pytest.mark.server

V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"


def test_every_way_in_leads_to_a_query(telemetry: Telemetry) -> None:
    now_ms = int(clock.seconds() * 1000)
    symbols = Symbols()
    content = series(symbols, {"__name__": "written", "job": "v2"}, sample(now_ms, 2.0))
    answer = telemetry.post(
        "/api/v1/write", bodies.compress(symbols.packed() + content), **{"Content-Type": V2}
    )
    assert answer.status_code == 204
    assert answer.headers["X-Prometheus-Remote-Write-Samples-Written"] == "1"

    point = {"asInt": "7", "timeUnixNano": str(now_ms * 10**6)}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    metrics = {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [
        {"name": "queue.size", "unit": "By", "gauge": {"dataPoints": [point]}},
    ]}]}]}  # fmt: skip
    record = {"timeUnixNano": str(now_ms * 10**6), "body": {"stringValue": "hello"}}
    logs = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}
    for path, body in (("/otlp/v1/metrics", metrics), ("/otlp/v1/logs", logs)):
        answer = telemetry.post(path, gzip.compress(json.dumps(body).encode()), **{
            "Content-Type": "application/json", "Content-Encoding": "gzip"
        })  # fmt: skip
        assert (answer.status_code, answer.text) == (200, "{}")

    assert [row["value"][1] for row in telemetry.query('written{job="v2"}')] == ["2"]
    assert [row["value"][1] for row in telemetry.query('queue_size_bytes{job="shop"}')] == ["7"]
    found = telemetry.client.get(
        "/loki/api/v1/query_range", params={"query": '{service_name="shop"}'}
    ).json()["data"]["result"]
    assert [value[1] for stream in found for value in stream["values"]] == ["hello"]
    counted = until(lambda: telemetry.query("watchbill_telemetry_samples_total"))
    assert {"remote_write", "otlp", "local"} <= {row["metric"]["source"] for row in counted}


def test_otlp_needs_the_scope_to_write(telemetry: Telemetry) -> None:
    for path in ("/otlp/v1/metrics", "/otlp/v1/logs", "/api/v1/otlp/v1/metrics"):
        for token, status in ((READER, 403), (WRITER, 200), ("unknown", 401)):
            headers = {"Content-Type": "application/json", "Content-Encoding": "identity",
                       "Authorization": f"Bearer {token}"}  # fmt: skip
            assert telemetry.post(path, b"{}", **headers).status_code == status

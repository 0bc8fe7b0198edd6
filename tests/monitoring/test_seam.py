"""Seam 1 against a real server: what it answers is typed, whatever else it does has a reason."""

import math
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler

import pytest
from tests.monitoring.conftest import Asked, Telemetry, failure, reply, vector

from watchbill.monitoring import seam
from watchbill.monitoring.seam import BadQuery, Sample, TelemetryAway

AT = datetime(2026, 3, 3, 2, 41, tzinfo=UTC)


def test_an_instant_query(telemetry: Telemetry) -> None:
    telemetry.says(vector(({"job": "a"}, "1.5"), ({}, "NaN"), ({"job": "b"}, "+Inf")))
    one, two, three = seam.query("up", AT)
    assert one == Sample({"job": "a"}, 1000.5, 1.5)
    assert math.isnan(two.value)
    assert three.value == math.inf
    assert telemetry.asked == [
        ("POST", "/api/v1/query", {"query": ["up"], "time": [str(AT.timestamp())]})
    ]
    assert telemetry.credentials == ["Bearer let me in"]


def test_a_scalar_is_one_sample(telemetry: Telemetry) -> None:
    telemetry.says({"resultType": "scalar", "result": [7, "42"]})
    assert seam.query("42") == [Sample({}, 7, 42)]


@pytest.mark.parametrize("kind", ["matrix", "string"])
def test_what_is_no_value_at_a_moment_is_refused(kind: str, telemetry: Telemetry) -> None:
    telemetry.says({"resultType": kind, "result": []})
    with pytest.raises(BadQuery, match=kind):
        seam.query("up[5m]")


def test_a_range_query(telemetry: Telemetry) -> None:
    telemetry.says(
        {"resultType": "matrix", "result": [{"metric": {"a": "b"}, "values": [[1, "2"], [3, "4"]]}]}
    )
    (series,) = seam.query_range("up", AT, AT, 15)
    assert (series.labels, series.values) == ({"a": "b"}, [(1, 2), (3, 4)])
    assert telemetry.asked[0][2]["step"] == ["15"]


def test_names_and_series(telemetry: Telemetry) -> None:
    telemetry.says(["up", "x"])
    assert seam.label_values("__name__") == ["up", "x"]
    assert telemetry.asked[0][:2] == ("GET", "/api/v1/label/__name__/values")
    telemetry.says([{"__name__": "up"}])
    assert seam.series("up", AT, AT) == [{"__name__": "up"}]


def test_targets_those_in_trouble_first(telemetry: Telemetry) -> None:
    telemetry.says({
        "activeTargets": [
            {"scrapeUrl": "http://a/metrics", "health": "up", "labels": {"job": "a"},
             "scrapePool": "a", "lastScrape": "2026-03-03T02:41:00.123456789Z",
             "lastScrapeDuration": 0.01, "discoveredLabels": {}},
            {"scrapeUrl": "http://b/metrics", "health": "down", "labels": {"job": "b"},
             "lastError": "connection refused", "lastScrape": "0001-01-01T00:00:00Z"},
        ],
        "droppedTargets": [],
    })  # fmt: skip
    down, up = seam.targets()
    assert (down.job, down.last_error, down.last_scrape) == ("b", "connection refused", None)
    assert (up.job, up.took, up.last_scrape and up.last_scrape.minute) == ("a", 0.01, 41)


@pytest.mark.parametrize(
    ("status", "body", "kind", "place"),
    [
        (400, failure("bad_data", '1:7: parse error: unexpected ")"'), "bad_data", (1, 7)),
        (400, failure("bad_data", 'invalid parameter "query": 12:5: parse error: no'),
         "bad_data", (12, 5)),
        (422, failure("execution", "too many samples"), "execution", (0, 0)),
        (503, failure("timeout", "query timed out"), "timeout", (0, 0)),
    ],
)  # fmt: skip
def test_a_query_that_cannot_be_answered(
    status: int, body: bytes, kind: str, place: tuple[int, int], telemetry: Telemetry
) -> None:
    telemetry.fails(status, body)
    with pytest.raises(BadQuery) as caught:
        seam.query("up")
    assert (caught.value.kind, (caught.value.line, caught.value.column)) == (kind, place)


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (200, b"<html>hello</html>", "does not speak"),
        (200, b"\xff\xfe", "does not speak"),
        (200, b"", "does not speak"),
        (200, b'{"status": "success", "data": {"resultType": "vector", "result": [{}]}}', "speak"),
        (200, b'{"status": "success", "data": {"resultType": "vector"}}', "speak"),
        (200, b'{"status": "success", "data": {"resultType": "scalar", "result": [1, "x"]}}',
         "'x'"),
        (502, b"<html>bad gateway</html>", "502"),
        (500, failure("internal", "the store is full"), "the store is full"),
        (503, failure("unavailable", "starting"), "starting"),
        (401, b"", "WATCHBILL_TELEMETRY_TOKEN"),
        (403, b"{}", "credential"),
        (404, b"404 page not found", "404"),
    ],
)  # fmt: skip
def test_garbage_is_away_with_a_reason(
    status: int, body: bytes, why: str, telemetry: Telemetry
) -> None:
    telemetry.fails(status, body)
    with pytest.raises(TelemetryAway, match=why):
        seam.query("up")


def test_nobody_answers(away: None) -> None:
    with pytest.raises(TelemetryAway, match=r"nothing answers at http://127\.0\.0\.1"):
        seam.query("up")


def test_too_slow(telemetry: Telemetry) -> None:
    release = threading.Event()
    telemetry.answer = lambda handler, path, asked: release.wait(5) and None
    begun = time.perf_counter()
    with pytest.raises(TelemetryAway, match=r"within 0\.2 s"):
        seam.ask("query", [("query", "up")], within=0.2)
    assert time.perf_counter() - begun < 2
    release.set()


def test_cut_off_in_the_middle(telemetry: Telemetry) -> None:
    def half(handler: BaseHTTPRequestHandler, path: str, asked: Asked) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"status": "succ')
        handler.close_connection = True

    telemetry.answer = half
    with pytest.raises(TelemetryAway, match="the connection failed"):
        seam.query("up")


def test_too_large(telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seam, "LARGEST_ANSWER", 1 << 20)
    telemetry.fails(200, b" " * (2 << 20))
    with pytest.raises(TelemetryAway, match="larger than 1 MB"):
        seam.query("up")


def test_one_connection_serves_many_queries_and_a_restart_is_survived(
    telemetry: Telemetry,
) -> None:
    telemetry.says(vector())
    for _ in range(20):
        seam.query("up")
    assert telemetry.connections == 1
    drop = iter([True])

    def hang_up(handler: BaseHTTPRequestHandler, path: str, asked: Asked) -> None:
        reply(handler, b'{"status": "success", "data": {"resultType": "vector", "result": []}}')
        handler.close_connection = next(drop, False)

    telemetry.answer = hang_up
    seam.query("up")
    time.sleep(0.05)  # the server's end of the connection is closed now
    seam.query("up")
    assert telemetry.connections == 2

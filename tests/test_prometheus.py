"""Seam 1 against a real server: what it answers is typed, whatever else it does has a reason."""

import contextlib
import math
import os
import re
import ssl
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.prometheus_server import Asked, Telemetry, failure, reply, success, vector

from watchbill import prometheus
from watchbill.prometheus import BadQuery, NotPrometheus, QueryRefused, Sample, TelemetryAway

AT = datetime(2026, 3, 3, 2, 41, tzinfo=UTC)


def test_an_instant_query(telemetry: Telemetry) -> None:
    telemetry.says(vector(({"job": "a"}, "1.5"), ({}, "NaN"), ({"job": "b"}, "+Inf")))
    one, two, three = prometheus.query("up", AT)
    assert one == Sample({"job": "a"}, 1000.5, 1.5)
    assert math.isnan(two.value)
    assert three.value == math.inf
    assert telemetry.asked == [
        (
            "POST",
            "/api/v1/query",
            {"query": ["up"], "time": [str(AT.timestamp())], "timeout": ["27s"]},
        )
    ]
    assert telemetry.credentials == ["Bearer let me in"]


def test_a_user_and_a_password_in_place_of_a_token(telemetry: Telemetry, settings: Any) -> None:
    settings.TELEMETRY_TOKEN, settings.TELEMETRY_USER = "", "ada"
    settings.TELEMETRY_PASSWORD = "p:w"
    prometheus.label_values("job")
    settings.TELEMETRY_USER = ""
    prometheus.label_values("job")
    assert telemetry.credentials == ["Basic YWRhOnA6dw==", None]


def test_an_engine_under_load_is_asked_again_when_it_says(telemetry: Telemetry) -> None:
    after = ["0", "0", None]

    def answer(handler: BaseHTTPRequestHandler, path: str, asked: Asked) -> None:
        if (wait := after.pop(0)) is None:
            reply(handler, success([]))
            return
        handler.send_response(503)
        handler.send_header("Retry-After", wait)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    telemetry.answer = answer
    assert prometheus.label_values("job") == []
    after[:] = ["2"] * 5
    begun = time.perf_counter()
    with pytest.raises(TelemetryAway, match="503"):
        prometheus.fetch("labels", list[str], within=1.0)
    assert time.perf_counter() - begun < 1
    after[:] = ["3600"]
    with pytest.raises(TelemetryAway, match="503"):
        prometheus.label_values("job")


def test_victoria_metrics_says_in_words_that_it_cannot_read_a_query(telemetry: Telemetry) -> None:
    said = 'error when executing query="up{": unexpected token ""; unparsed data: ""'
    telemetry.fails(422, failure("422", said))
    with pytest.raises(BadQuery, match="unparsed data") as wrong:
        prometheus.query("up{")
    assert (wrong.value.line, wrong.value.column) == (0, 0)


def test_an_authority_that_cannot_be_read(settings: Any, tmp_path: Path) -> None:
    settings.TELEMETRY_CA = tmp_path / "gone.pem"
    prometheus._connections.begin_anew()
    with pytest.raises(TelemetryAway, match=r"WATCHBILL_TELEMETRY_CA=.*gone\.pem cannot be used"):
        prometheus.query("up")


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, secret = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ))  # fmt: skip
    return pem, secret


def test_a_certificate_is_checked_against_the_authority_that_is_set(
    settings: Any, tmp_path: Path
) -> None:
    pem, secret = certificate(tmp_path)
    engine = Telemetry()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    engine.server.socket = context.wrap_socket(
        engine.server.socket, server_side=True, do_handshake_on_connect=False
    )
    engine.says([])
    settings.TELEMETRY_URL = engine.url.replace("http:", "https:")
    try:
        prometheus._connections.begin_anew()
        with pytest.raises(TelemetryAway, match=r"is not trusted.*WATCHBILL_TELEMETRY_CA"):
            prometheus.label_values("job")
        settings.TELEMETRY_CA = pem
        prometheus._connections.begin_anew()
        assert prometheus.label_values("job") == []
    finally:
        prometheus._connections.begin_anew()
        engine.close()


def test_a_scalar_is_one_sample(telemetry: Telemetry) -> None:
    telemetry.says({"resultType": "scalar", "result": [7, "42"]})
    assert prometheus.query("42") == [Sample({}, 7, 42)]


def test_a_native_histogram_is_no_number(telemetry: Telemetry) -> None:
    shown = [7, {"count": "4", "sum": "5", "buckets": [[0, "1", "2", "4"]]}]
    telemetry.says({"resultType": "vector", "result": [{"metric": {}, "histogram": shown}]})
    with pytest.raises(BadQuery, match="histogram_count"):
        prometheus.query("h")
    telemetry.says({"resultType": "matrix", "result": [{"metric": {}, "histograms": [shown]}]})
    with pytest.raises(BadQuery, match="histogram_count"):
        prometheus.query_range("h", datetime.now(UTC), datetime.now(UTC), 1)


@pytest.mark.parametrize("kind", ["matrix", "string"])
def test_what_is_no_value_at_a_moment_is_refused(kind: str, telemetry: Telemetry) -> None:
    telemetry.says({"resultType": kind, "result": []})
    with pytest.raises(BadQuery, match=kind):
        prometheus.query("up[5m]")


def test_a_range_query(telemetry: Telemetry) -> None:
    telemetry.says(
        {"resultType": "matrix", "result": [{"metric": {"a": "b"}, "values": [[1, "2"], [3, "4"]]}]}
    )
    (series,) = prometheus.query_range("up", AT, AT, 15)
    assert (series.labels, series.values) == ({"a": "b"}, [(1, 2), (3, 4)])
    assert telemetry.asked[0][2]["step"] == ["15"]


def test_log_lines_are_counted_at_lokis_address(telemetry: Telemetry) -> None:
    streams = [{"stream": {"job": "a"}, "values": [["1", "x"], ["2", "y"]]},
               {"stream": {}, "values": [["3", "z"]]}]  # fmt: skip
    telemetry.says({"resultType": "streams", "result": streams})
    assert prometheus.count_lines('{job="a"}', AT, AT) == 3
    _, path, asked = telemetry.asked[0]
    assert (path, asked["query"]) == ("/loki/api/v1/query_range", ['{job="a"}'])


def test_names_and_series(telemetry: Telemetry) -> None:
    telemetry.says(["up", "x"])
    assert prometheus.label_values("__name__") == ["up", "x"]
    assert telemetry.asked[0][:2] == ("GET", "/api/v1/label/__name__/values")
    telemetry.says([{"__name__": "up"}])
    assert prometheus.series("up", AT, AT) == [{"__name__": "up"}]


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
    down, up = prometheus.targets()
    assert (down.job, down.last_error, down.last_scrape) == ("b", "connection refused", None)
    assert (up.job, up.took, up.last_scrape and up.last_scrape.minute) == ("a", 0.01, 41)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ('1:7: parse error: unexpected ")"', (1, 7)),
        ('invalid parameter "query": 12:5: parse error: no', (12, 5)),
        ("no such function", (0, 0)),
    ],
)
def test_a_query_that_is_wrong_names_its_place(
    said: str, place: tuple[int, int], telemetry: Telemetry
) -> None:
    telemetry.fails(400, failure("bad_data", said))
    with pytest.raises(BadQuery, match=re.escape(said)) as caught:
        prometheus.query("up")
    assert (caught.value.line, caught.value.column) == place


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (422, failure("execution", "too many samples")),
        (503, failure("timeout", "query timed out")),
        (503, failure("canceled", "query was canceled")),
        (429, failure("too_many_requests", "over the limit")),
    ],
)
def test_a_query_that_is_refused_is_neither_wrong_nor_telemetry_away(
    status: int, body: bytes, telemetry: Telemetry
) -> None:
    telemetry.fails(status, body)
    with pytest.raises(QueryRefused) as caught:
        prometheus.query("up")
    assert type(caught.value) is QueryRefused


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<html>hello</html>", "does not speak"),
        (b"\xff\xfe", "does not speak"),
        (b"", "does not speak"),
        (b"[]", "does not speak"),
        (b'{"status": "success", "data": {"resultType": "vector", "result": [{}]}}', "speak"),
        (b'{"status": "success", "data": {"resultType": "vector"}}', "speak"),
        (b'{"status": "success", "data": {"resultType": "scalar", "result": [1, "x"]}}', "'x'"),
    ],
)
def test_garbage(body: bytes, why: str, telemetry: Telemetry) -> None:
    telemetry.fails(200, body)
    with pytest.raises(NotPrometheus, match=why):
        prometheus.query("up")


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (502, b"<html>bad gateway</html>", "502"),
        (500, failure("internal", "the store is full"), "the store is full"),
        (503, failure("unavailable", "starting"), "starting"),
        (401, b"", "WATCHBILL_TELEMETRY_TOKEN"),
        (403, b"{}", "credential"),
        (404, b"404 page not found", "404"),
    ],
)
def test_away_with_a_reason(status: int, body: bytes, why: str, telemetry: Telemetry) -> None:
    telemetry.fails(status, body)
    with pytest.raises(TelemetryAway, match=why) as caught:
        prometheus.query("up")
    assert type(caught.value) is TelemetryAway


def test_nobody_answers(away: None) -> None:
    with pytest.raises(TelemetryAway, match=r"nothing answers at http://127\.0\.0\.1"):
        prometheus.query("up")


def test_an_address_that_is_none(settings: Any) -> None:
    settings.TELEMETRY_URL = "http://[::1"
    with pytest.raises(TelemetryAway, match="the connection failed"):
        prometheus.query("up")


def test_too_slow(telemetry: Telemetry) -> None:
    release = threading.Event()
    telemetry.answer = lambda handler, path, asked: release.wait(5) and None
    begun = time.perf_counter()
    with pytest.raises(TelemetryAway, match=r"within 0\.2 s"):
        prometheus.ask("query", [("query", "up")], within=0.2)
    assert time.perf_counter() - begun < 2
    release.set()


def test_a_trickle_is_too_slow_too(telemetry: Telemetry) -> None:
    """Each part comes in time; the whole does not."""

    def trickle(handler: BaseHTTPRequestHandler, path: str, asked: Asked) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(100):
                handler.wfile.write(b" ")
                time.sleep(0.05)
        handler.close_connection = True

    telemetry.answer = trickle
    begun = time.perf_counter()
    with pytest.raises(TelemetryAway, match=r"within 0\.2 s"):
        prometheus.query("up", within=0.2)
    assert time.perf_counter() - begun < 2


def test_cut_off_in_the_middle(telemetry: Telemetry) -> None:
    def half(handler: BaseHTTPRequestHandler, path: str, asked: Asked) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"status": "succ')
        handler.close_connection = True

    telemetry.answer = half
    with pytest.raises(TelemetryAway, match="the connection failed"):
        prometheus.query("up")


def test_too_large(telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "LARGEST_ANSWER", 1 << 20)
    telemetry.fails(200, b" " * (2 << 20))
    with pytest.raises(QueryRefused, match="larger than 1 MB"):
        prometheus.query("up")


def test_one_connection_serves_many_queries_and_a_restart_is_survived(
    telemetry: Telemetry,
) -> None:
    telemetry.says(vector())
    for _ in range(20):
        prometheus.query("up")
    assert telemetry.connections == 1
    drop = iter([True])

    def hang_up(handler: BaseHTTPRequestHandler, path: str, asked: Asked) -> None:
        reply(handler, b'{"status": "success", "data": {"resultType": "vector", "result": []}}')
        handler.close_connection = next(drop, False)

    telemetry.answer = hang_up
    prometheus.query("up")
    time.sleep(0.05)  # the server's end of the connection is closed now
    prometheus.query("up")
    assert telemetry.connections == 2


def test_threads_share_the_connections(telemetry: Telemetry) -> None:
    telemetry.says({"resultType": "scalar", "result": [7, "42"]})
    prometheus._connections.begin_anew()
    with ThreadPoolExecutor(8) as pool:
        clients = {id(prometheus._connections.client()) for _ in range(2)} | set(
            pool.map(lambda _: id(prometheus._connections.client()), range(8))
        )
        answers = list(pool.map(lambda _: prometheus.query("42"), range(80)))
    assert answers == [[Sample({}, 7, 42)]] * 80
    assert len(clients) == 1
    assert telemetry.connections <= 8


def test_a_forked_child_has_connections_of_its_own(telemetry: Telemetry) -> None:
    telemetry.says({"resultType": "scalar", "result": [7, "42"]})
    prometheus._connections.begin_anew()
    prometheus.query("42")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside the server's thread
        child = os.fork()
    if child == 0:
        try:
            right = prometheus.query("42") == [Sample({}, 7, 42)]
        finally:
            os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    prometheus.query("42")
    assert telemetry.connections == 2, "the parent's first one and the child's"


@pytest.mark.parametrize(
    ("labels", "written"),
    [
        ({"__name__": "up", "job": "a", "x": "b"}, 'up{job="a", x="b"} 2.5'),
        ({"__name__": "up"}, "up 2.5"),
        ({"job": "a"}, '{job="a"} 2.5'),
        ({}, "2.5"),
    ],
)
def test_a_sample_in_a_sentence(labels: dict[str, str], written: str) -> None:
    assert str(Sample(labels, 0, 2.5)) == written

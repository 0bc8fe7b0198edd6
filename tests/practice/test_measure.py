"""Numbers over the Prometheus HTTP API, and what is told when there are none."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest

from watchbill.practice.measure import NoAnswer, Sample, holds, query


class Engine(BaseHTTPRequestHandler):
    """Answers with what the test said, and remembers what it was asked."""

    answer: ClassVar[tuple[int, str]] = (200, "")
    asked: ClassVar[dict[str, str]] = {}

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        Engine.asked = {
            "path": self.path, "query": parse_qs(body)["query"][0],
            "token": self.headers.get("Authorization", ""),
        }  # fmt: skip
        self.send_response(self.answer[0])
        self.end_headers()
        self.wfile.write(self.answer[1].encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def engine(settings: Any) -> Iterator[type[Engine]]:
    with HTTPServer(("127.0.0.1", 0), Engine) as server:
        settings.TELEMETRY_URL = f"http://127.0.0.1:{server.server_port}"
        settings.TELEMETRY_TOKEN = "abc"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Engine
        server.shutdown()
        thread.join()


def success(kind: str, result: str) -> tuple[int, str]:
    return 200, f'{{"status": "success", "data": {{"resultType": "{kind}", "result": {result}}}}}'


def test_a_vector_and_a_scalar(engine: type[Engine]) -> None:
    engine.answer = success("vector", '[{"metric": {"job": "shop"}, "value": [1, "2.5"]}]')
    assert query('up{job="shop"}') == [Sample({"job": "shop"}, 2.5)]
    assert engine.asked == {
        "path": "/api/v1/query", "query": 'up{job="shop"}', "token": "Bearer abc"
    }  # fmt: skip
    engine.answer = success("scalar", '[1, "7"]')
    assert query("7") == [Sample({}, 7.0)]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((400, '{"status": "error", "error": "parse error at 3"}'), "parse error at 3"),
        ((502, "<html>"), "502 without JSON"),
        ((200, "[]"), "refused"),
        (success("matrix", "[]"), "gives a matrix"),
        (success("vector", '[{"metric": {}}]'), "cannot be read"),
    ],
)
def test_no_numbers(engine: type[Engine], answer: tuple[int, str], told: str) -> None:
    engine.answer = answer
    with pytest.raises(NoAnswer, match=told):
        query("up")


def test_nobody_answers(settings: Any) -> None:
    settings.TELEMETRY_URL = "http://127.0.0.1:1"
    with pytest.raises(NoAnswer, match="does not answer"):
        query("up")


@pytest.mark.parametrize(
    ("values", "passed"),
    [([], False), ([0.0], False), ([1.0], True), ([1.0, 0.0], False), ([float("nan")], False)],
)
def test_what_a_check_passes(values: list[float], passed: bool) -> None:
    assert holds([Sample({}, value) for value in values]) is passed

"""Loki's API as Grafana and agents meet it: a process of its own, asked over HTTP and WebSocket."""

import contextlib
import gzip
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from tests.telemetry.server_process import READER, TOKEN, WRITER, Telemetry, until
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

pytestmark = pytest.mark.server

SECOND = 1_000_000_000
KILLS = int(os.environ.get("KILLS", "3"))
PUSH, RANGE = "/loki/api/v1/push", "/loki/api/v1/query_range"


def now_ns() -> int:
    return time.time_ns() // SECOND * SECOND


def push(telemetry: Telemetry, *lines: tuple[dict[str, str], int, str, dict[str, str]]) -> None:
    body = {"streams": [
        {"stream": stream, "values": [[str(t), line, metadata]]} for stream, t, line,
        metadata in lines
    ]}  # fmt: skip
    answer = telemetry.client.post(PUSH, json=body)
    assert answer.status_code == 204, answer.text


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Telemetry, int]]:
    """A process with 60 lines of two streams, one a second up to `t`, half of them in the table."""
    telemetry = Telemetry(tmp_path_factory.mktemp("loki")).start()
    t = now_ns() - 60 * SECOND
    lines = []
    for k in range(60):
        app = "shop" if k % 2 else "mail"
        level = "error" if k % 10 == 0 else "info"
        text = json.dumps({"level": level, "ms": k * 10, "path": f"/p/{k % 3}"})
        lines.append(({"app": app, "env": "live"}, t + k * SECOND, text, {"trace": f"t{k % 2}"}))
    push(telemetry, *lines[:30])
    until(lambda: telemetry.status()["logs"]["held"] == 0)
    push(telemetry, *lines[30:])
    yield telemetry, t
    telemetry.client.close()
    telemetry.stop()


def data(telemetry: Telemetry, path: str, **given: Any) -> Any:
    answer = telemetry.client.get(f"/loki/api/v1/{path}", params=given)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["status"] == "success"
    return body["data"]


def test_lines_come_with_limit_and_direction(asked: tuple[Telemetry, int]) -> None:
    telemetry, t = asked
    newest = data(telemetry, "query_range", query='{app=~".+"} |= "error"', limit=4)
    assert newest["resultType"] == "streams"
    times = sorted((int(at) for one in newest["result"] for at, _ in one["values"]), reverse=True)
    assert times == [t + k * SECOND for k in (50, 40, 30, 20)]
    assert newest["result"][0]["stream"] == {"app": "mail", "env": "live", "trace": "t0"}
    assert newest["stats"]["summary"]["totalLinesProcessed"] >= 4
    oldest = data(
        telemetry, "query_range", query='{app=~".+"} | json | ms >= 100', direction="forward",
        limit=2, start=str(t), end=(t + 30 * SECOND) / SECOND,
    )  # fmt: skip
    found = {one["stream"]["ms"]: one["values"] for one in oldest["result"]}
    assert sorted(found) == ["100", "110"]
    apart = data(telemetry, "query_range", query='{app=~".+"}', interval="20s", start=str(t))
    assert len([at for one in apart["result"] for at, _ in one["values"]]) == 3
    span = data(telemetry, "query_range", query='{app=~".+"}', end=str(t + 5 * SECOND), since="3s")
    assert len([at for one in span["result"] for at, _ in one["values"]]) == 3


def test_numbers_are_made_of_lines(asked: tuple[Telemetry, int]) -> None:
    telemetry, t = asked
    end = t // SECOND + 59

    def at(query: str) -> dict[str, str]:
        vector = data(telemetry, "query", query=query, time=end)
        assert vector["resultType"] == "vector"
        return {
            ",".join(f"{k}={v}" for k, v in sorted(one["metric"].items())): one["value"][1]
            for one in vector["result"]
        }

    assert at('sum by (app) (count_over_time({app=~".+"}[60s]))') == {
        "app=shop": "30",
        "app=mail": "30",
    }
    assert at('count_over_time({app="shop"}[60s])') == {"app=shop,env=live,trace=t1": "30"}
    assert at('sum(rate({app=~".+"} |= "error" [60s]))') == {"": "0.1"}
    assert at('sum by (path) (count_over_time({env="live"} | json | level="error" [1m]))') == {
        "path=/p/0": "2", "path=/p/1": "2", "path=/p/2": "2",
    }  # fmt: skip
    assert at('max_over_time({env="live"} | json | unwrap ms [1m]) by (app)') == {
        "app=shop": "590", "app=mail": "580",
    }  # fmt: skip
    assert at('quantile_over_time(0.5, {env="live"} | json | unwrap ms [1m]) by ()') == {"": "295"}
    assert at('absent_over_time({app="nothing"}[1m])') == {"app=nothing": "1"}
    assert at('topk(1, sum by (app) (bytes_over_time({env="live"}[1m])))').keys() == {"app=mail"}
    assert at("vector(1)+vector(1)") == {"": "2"}
    assert at('sum(count_over_time({env="live"}[30s] offset 30s))') == {"": "30"}
    assert data(telemetry, "query", query="1 + 1")["resultType"] == "scalar"
    matrix = data(
        telemetry, "query_range", query='sum(count_over_time({env="live"}[10s]))',
        start=end - 40, end=end, step=10,
    )  # fmt: skip
    assert matrix["resultType"] == "matrix"
    assert matrix["result"] == [
        {"metric": {}, "values": [[end - k, "10"] for k in (40, 30, 20, 10, 0)]}
    ]


def test_what_there_is(asked: tuple[Telemetry, int]) -> None:
    telemetry, _ = asked
    assert data(telemetry, "labels") == ["app", "env"]
    assert data(telemetry, "label/app/values") == ["mail", "shop"]
    assert data(telemetry, "label/app/values", query='{app="shop"}') == ["shop"]
    assert data(telemetry, "label/app/values", start=1_000, end=2_000) == []
    assert data(telemetry, "series", **{"match[]": '{app=~"s.*"}'}) == [
        {"app": "shop", "env": "live"}
    ]
    stats = telemetry.client.get(
        "/loki/api/v1/index/stats", params={"query": '{app="shop"}'}
    ).json()
    assert (stats["streams"], stats["entries"]) == (1, 30)
    volume = data(telemetry, "index/volume", query='{env="live"}', targetLabels="app")
    assert {one["metric"]["app"] for one in volume["result"]} == {"shop", "mail"}
    assert sum(int(one["value"][1]) for one in volume["result"]) > 60 * 30
    patterns = data(telemetry, "patterns", query='{env="live"}')
    assert sum(n for one in patterns for _, n in one["samples"]) == 60
    assert patterns[0]["pattern"].startswith('{"level": "')
    assert "<_>" in patterns[0]["pattern"]
    assert data(telemetry, "format_query", query='{ app = "shop"}|="x"') == '{app="shop"} |= "x"'
    assert telemetry.client.get("/loki/api/v1/status/buildinfo").json()["version"]
    assert httpx.get(f"{telemetry.url}/ready", trust_env=False).text == "ready\n"


@pytest.mark.parametrize(
    ("path", "given", "says"),
    [
        ("query_range", {"query": "{app=shop}"}, "parse error at line 1, col 6: syntax error: "),
        ("query_range", {"query": '{app="x"} | jsn'}, "parse error at line 1, col 16"),
        ("query_range", {"query": '{app=~".*"}'},
         "queries require at least one regexp or equality"),
        ("query_range", {"query": '{app="x"}', "limit": 9_999},
         "max entries limit per query exceeded"),
        ("query_range", {"query": '{app="x"}', "limit": "x"}, "must be a positive number"),
        ("query_range", {"query": '{app="x"}', "start": "soon"}, "to a valid timestamp"),
        ("query_range", {"query": '{app="x"}', "direction": "up"}, "invalid direction"),
        ("query_range", {"query": '{app="x"}', "start": "9" * 30}, "to a valid timestamp"),
        ("query_range", {"query": 'rate({app="x"}[1m])', "step": "0"},
         "zero or negative query resol"),
        ("query_range", {"query": 'rate({app="x"}[1m])', "step": "0.1"},
         "exceeded maximum resolution"),
        ("query", {"query": '{app="x"}'}, "log queries are not supported as an instant query type"),
        ("query", {"query": ""}, 'invalid parameter "query": empty'),
        ("query", {"query": 'sum_over_time({env="live"} | json | unwrap path [10m])'},
         "pipeline error:"),
        ("patterns", {"query": "rate({app='x'}[1m])"}, "parse error"),
        ("series", {"match[]": '{app="x"} |= "y"'}, "only label matchers are supported"),
    ],
)  # fmt: skip
def test_mistakes_are_told_as_loki_tells_them(
    asked: tuple[Telemetry, int], path: str, given: dict[str, Any], says: str
) -> None:
    answer = asked[0].client.get(f"/loki/api/v1/{path}", params=given)
    assert (answer.status_code, answer.headers["content-type"]) == (
        400,
        "text/plain; charset=utf-8",
    )
    assert says in answer.text


def test_bodies_are_taken_or_refused(telemetry: Telemetry) -> None:
    t = now_ns()

    def send(body: Any, **headers: str) -> httpx.Response:
        given = {"Content-Type": "application/json", **headers}
        return telemetry.client.post(PUSH, content=body, headers=given)

    def one(stamp: Any, text: Any = "x", **stream: str) -> bytes:
        streams = [{"stream": stream or {"app": "a"}, "values": [[stamp, text]]}]
        return json.dumps({"streams": streams}).encode()

    assert send(gzip.compress(one(str(t))), **{"Content-Encoding": "gzip"}).status_code == 204
    for wrong in (b"{", one("x"), one(t), one(str(t), 5), one(str(t), **{"": "x"}), one("9" * 40)):
        answer = send(wrong)
        assert (answer.status_code, answer.text != "") == (400, True), wrong
    assert send(b"x", **{"Content-Type": "text/plain"}).status_code == 415
    old = send(one(str(t - 400 * 86_400 * SECOND)))
    assert (old.status_code, "has timestamp too old" in old.text) == (400, True)
    assert send(one(str(t), "y" * 300_000)).status_code == 400
    assert [
        one["values"] for one in data(telemetry, "query_range", query='{app="a"}')["result"]
    ] == [[[str(t), "x"]]]


def tail(telemetry: Telemetry, token: str = TOKEN, **given: str) -> connect:
    address = httpx.URL(f"{telemetry.url}/loki/api/v1/tail", params=given)
    return connect(
        str(address).replace("http", "ws", 1),
        additional_headers={"Authorization": f"Bearer {token}"}, proxy=None,
    )  # fmt: skip


def test_a_tail_shows_what_was_and_then_what_comes(telemetry: Telemetry) -> None:
    t = now_ns()
    push(telemetry, ({"app": "a"}, t, "first error", {}), ({"app": "b"}, t, "other error", {}))
    with tail(telemetry, query='{app="a"} |= "error" | label_format seen="yes"') as reader:
        past = json.loads(reader.recv(10))
        assert past == {"streams": [
            {"stream": {"app": "a", "seen": "yes"}, "values": [[str(t), "first error"]]}
        ]}  # fmt: skip
        push(telemetry, ({"app": "a"}, t + 1, "calm", {}), ({"app": "b"}, t + 1, "an error", {}))
        push(telemetry, ({"app": "a"}, t + 2, "second error", {"k": "v"}))
        came = json.loads(reader.recv(10))["streams"]
        assert came == [
            {
                "stream": {"app": "a", "k": "v", "seen": "yes"},
                "values": [[str(t + 2), "second error"]],
            }
        ]
    status, seconds = telemetry.stop()
    assert (status, seconds < 5) == (0, True)


def test_a_tail_is_refused_to_strangers_and_for_mistakes(telemetry: Telemetry) -> None:
    for token, query, status in (
        ("wrong", '{app="a"}', 401),
        (WRITER, '{app="a"}', 403),
        (READER, "{app=}", 400),
        (READER, 'rate({app="a"}[1m])', 400),
    ):
        with pytest.raises(InvalidStatus) as refused, tail(telemetry, token, query=query):
            pass
        assert refused.value.response.status_code == status
    with contextlib.ExitStack() as open_ones:
        for _ in range(10):
            open_ones.enter_context(tail(telemetry, query='{app="a"}'))
        with (
            pytest.raises(InvalidStatus) as refused,
            tail(telemetry, query='{app="a"}'),
        ):
            pass
    assert refused.value.response.status_code == 429
    until(lambda: _reopened(telemetry))


def _reopened(telemetry: Telemetry) -> bool:
    try:
        with tail(telemetry, query='{app="a"}'):
            return True
    except InvalidStatus:
        return False


def test_kills_during_intake_lose_and_double_no_acknowledged_line(
    make_telemetry: Callable[..., Telemetry],
) -> None:
    telemetry = make_telemetry().start()
    acknowledged: list[str] = []
    stopping, began = threading.Event(), now_ns()

    def write() -> None:
        number = 0
        while not stopping.is_set():
            number += 1
            texts = [f"line {number}-{k}" for k in range(500)]
            values = [[str(began + number * 1_000 + k), text] for k, text in enumerate(texts)]
            body = {"streams": [{"stream": {"app": "a"}, "values": values}]}
            while not stopping.is_set():  # an agent sends a body until it is acknowledged
                try:
                    if telemetry.client.post(PUSH, json=body).status_code == 204:
                        acknowledged.extend(texts)
                        break
                except httpx.TransportError:
                    time.sleep(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(KILLS):
        count = len(acknowledged)
        until(lambda count=count: len(acknowledged) > count + 20_000, 60)
        telemetry.kill()
        telemetry.start()
    stopping.set()
    writer.join()

    def counted() -> int:
        vector = data(telemetry, "query", query='sum(count_over_time({app="a"}[1h]))')["result"]
        return int(vector[0]["value"][1])

    assert len(acknowledged) <= counted() <= len(acknowledged) + 500
    until(lambda: telemetry.status()["logs"]["held"] == 0)
    assert len(acknowledged) <= counted() <= len(acknowledged) + 500
    stats = telemetry.client.get("/loki/api/v1/index/stats", params={"query": '{app="a"}'}).json()
    assert stats["entries"] == counted()

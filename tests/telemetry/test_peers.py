"""Against Debian's Prometheus: it writes to us, scrapes from us, and both answer the same."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.telemetry import bodies
from tests.telemetry.server_process import TOKEN, Telemetry, free_port, until

pytestmark = [pytest.mark.server, pytest.mark.peer]

PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")


@pytest.fixture
def start_prometheus(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Starts a Prometheus by its configuration ({own} in it is its own address); its URL."""
    if PROMETHEUS is None:
        pytest.skip("prometheus is not installed")
    started: list[subprocess.Popen[bytes]] = []

    def start(configuration: str) -> str:
        own = f"127.0.0.1:{free_port()}"
        config = tmp_path / "prometheus.yml"
        config.write_text(configuration.replace("{own}", own))
        with (tmp_path / "prometheus.log").open("wb") as log:
            started.append(subprocess.Popen(
                [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
                 f"--web.listen-address={own}"],
                stdout=log, stderr=log,
            ))  # fmt: skip
        return f"http://{own}"

    yield start
    for process in started:
        process.terminate()
        process.wait(20)


def writing_to(telemetry: Telemetry) -> str:
    """A Prometheus that scrapes itself every second and writes to telemetry."""
    return (
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        "- {job_name: self, static_configs: [{targets: ['{own}']}]}\n"
        "remote_write:\n"
        f"- url: '{telemetry.url}/api/v1/write'\n"
        f"  authorization: {{credentials: {TOKEN}}}\n"
        "  queue_config: {batch_send_deadline: 1s}\n"
    )


def rows(answer: httpx.Response) -> dict[tuple[tuple[str, str], ...], list[Any]]:
    """The result of a query by labels, as (time, number)."""
    told = answer.json()
    assert told["status"] == "success", told
    return {
        tuple(sorted(row["metric"].items())): [
            [at, float(value)] for at, value in row.get("values") or [row["value"]]
        ]
        for row in told["data"]["result"]
    }


def test_what_prometheus_writes_is_answered_as_prometheus_answers(
    telemetry: Telemetry, start_prometheus: Callable[[str], str]
) -> None:
    prometheus = start_prometheus(writing_to(telemetry))
    until(lambda: telemetry.query('count_over_time(up{job="self"}[1m]) > 12'), 40)
    at = time.time() - 3
    rates = [  # what grows by much: how a rate ends near zero differs between 2.42 and 3
        "sum by (handler) (rate(prometheus_http_requests_total[5s]))",
        "histogram_quantile(0.9, rate(prometheus_http_request_duration_seconds_bucket[6s]))",
    ]
    queries = [
        "up{job='self'}",
        "sort(prometheus_build_info)",
        "rate(go_memstats_alloc_bytes_total[5s])",
        "go_goroutines > 1",
        "topk(3, go_memstats_alloc_bytes_total)",
        "count({job='self'})",
        "scrape_samples_scraped",
    ]
    span = {"start": f"{at - 6:.3f}", "end": f"{at:.3f}", "step": "2"}
    asked = [("query", {"query": query, "time": f"{at:.3f}"}) for query in rates + queries]
    asked += [("query_range", {"query": query, **span}) for query in queries]
    for path, given in asked:
        theirs = rows(httpx.get(f"{prometheus}/api/v1/{path}", params=given, trust_env=False))
        ours = rows(telemetry.client.get(f"/api/v1/{path}", params=given))
        assert theirs, given
        assert ours.keys() == theirs.keys(), given
        for labels, values in theirs.items():
            assert ours[labels] == [
                pytest.approx(pair, rel=1e-9, nan_ok=True) for pair in values
            ], (given, labels)
    metadata = until(lambda: telemetry.client.get("/api/v1/metadata").json()["data"], 70)
    assert metadata


def test_prometheus_federates_from_us(
    telemetry: Telemetry, start_prometheus: Callable[[str], str]
) -> None:
    at = int(time.time() * 1000) - 2_000
    telemetry.post("/api/v1/write", bodies.body(
        ({"__name__": "shop_orders_total", "job": "shop", "instance": "a:1"}, [(at, 7.0)]),
        ({"__name__": "site:orders:rate5m"}, [(at, 0.25)]),
        ({"__name__": "other", "job": "other"}, [(at, 1.0)]),
    ))  # fmt: skip
    prometheus = start_prometheus(
        "scrape_configs:\n"
        "- job_name: federate\n"
        "  scrape_interval: 1s\n"
        "  honor_labels: true\n"
        "  metrics_path: /federate\n"
        "  params: {'match[]': ['{job=\"shop\"}', '{__name__=~\"site:.+\"}']}\n"
        f"  authorization: {{credentials: {TOKEN}}}\n"
        f"  static_configs: [{{targets: ['{telemetry.url.removeprefix('http://')}']}}]\n"
    )

    def there(query: str) -> dict[Any, Any]:
        try:
            given = {"query": query}
            return rows(httpx.get(f"{prometheus}/api/v1/query", params=given, trust_env=False))
        except httpx.TransportError:
            return {}

    until(lambda: there("shop_orders_total"), 30)
    assert {key: value[0][1] for key, value in there('{__name__=~"shop_.+|site:.+"}').items()} == {
        (("__name__", "shop_orders_total"), ("instance", "a:1"), ("job", "shop")): 7.0,
        (("__name__", "site:orders:rate5m"), ("job", "federate")): 0.25,
    }
    stamp = there("timestamp(shop_orders_total)")
    assert [value[0][1] for value in stamp.values()] == [at / 1000]
    assert there("other") == {}
    assert [value[0][1] for value in there('up{job="federate"}').values()] == [1.0]


SAME_WORDS: list[tuple[str, dict[str, str]]] = [
    ("query", {}),
    ("query", {"query": "up", "timeout": "x"}),
    ("query", {"query": "up", "time": "x"}),
    ("query", {"query": "foo(up)"}),
    ("query", {"query": "rate(up)"}),
    ("query", {"query": "time(1)"}),
    ("query", {"query": "sum(1)"}),
    ("query", {"query": "{}"}),
    ("query", {"query": "quantile(up)"}),
    ("query", {"query": '-"a"'}),
    ("query", {"query": "scalar(vector(1)) and vector(1)"}),
    ("query", {"query": "sum by (1) (up)"}),
    ("query", {"query": "sum(up) by"}),
    ("query", {"query": "'unterminated"}),
    ("query", {"query": 'label_replace(vector(1),"a","b","c","(")'}),
    ("query_range", {"query": "up"}),
    ("query_range", {"query": "up", "start": "1"}),
    ("query_range", {"query": "up", "start": "1", "end": "2"}),
    ("query_range", {"query": "up", "start": "2", "end": "1", "step": "1"}),
    ("query_range", {"query": "up", "start": "1", "end": "2", "step": "0"}),
    ("query_range", {"query": "up", "start": "1", "end": "2", "step": "x"}),
    ("query_range", {"query": "up", "start": "0", "end": "20000", "step": "1"}),
    ("series", {}),
    ("series", {"match[]": "up", "start": "x"}),
    ("series", {"match[]": '{a=""}'}),
    ("labels", {"start": "x"}),
    ("label/a/values", {"end": "x"}),
    ("query_exemplars", {"query": "up", "start": "2", "end": "1"}),
    ("metadata", {"limit": "x"}),
    ("metadata", {"metric": "none"}),
    ("targets/metadata", {"limit": "x"}),
    ("targets/metadata", {"metric": "none"}),
    ("format_query", {}),
]
SAME_KIND: list[tuple[str, dict[str, str]]] = [
    ("query", {"query": "up{"}),
    ("query", {"query": "1 + "}),
    ("query", {"query": 'up{a=~"("}'}),
    ("query", {"query": "1 @ 5"}),
    ("query", {"query": "up offset"}),
    ("query", {"query": "up == up bool"}),
    ("query", {"query": "up[5m:1m:1]"}),
    ("series", {"match[]": "{"}),
    ("series", {"match[]": "up[5m]"}),
    ("labels", {"match[]": "{"}),
    ("query_exemplars", {"query": "up{", "start": "1", "end": "2"}),
    ("targets/metadata", {"match_target": "{"}),
]


def test_mistakes_are_told_as_prometheus_tells_them(
    telemetry: Telemetry, start_prometheus: Callable[[str], str]
) -> None:
    """All with its status and kind; where it names a token, by other words or another place."""
    prometheus = start_prometheus("scrape_configs: []\n")

    def theirs(path: str, given: dict[str, str]) -> httpx.Response:
        return httpx.get(f"{prometheus}/api/v1/{path}", params=given, trust_env=False)

    def answers() -> bool:
        try:
            return theirs("query", {"query": "1"}).status_code == 200
        except httpx.TransportError:
            return False

    until(answers)
    for path, given in SAME_WORDS + SAME_KIND:
        their, our = theirs(path, given), telemetry.client.get(f"/api/v1/{path}", params=given)
        same = ("status", "errorType", *(["error"] if (path, given) in SAME_WORDS else []))
        assert our.status_code == their.status_code, (path, given)
        told, expected = our.json(), their.json()
        assert [told.get(key) for key in same] == [expected.get(key) for key in same], (path, given)


@pytest.fixture
def promtool() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs promtool."""
    if PROMTOOL is None:
        pytest.skip("promtool is not installed")

    def run(*words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROMTOOL, *words], input=given, capture_output=True, text=True, timeout=30
        )

    return run


def test_promtool_can_ask(
    telemetry: Telemetry, promtool: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    now = int(time.time())
    url = telemetry.url.replace("://", f"://promtool:{TOKEN}@")  # it can send nothing else
    telemetry.post("/api/v1/write", bodies.body(*(
        ({"__name__": "m", "i": str(i)}, [((now - 20 + k) * 1000, float(i)) for k in range(21)])
        for i in (1, 2)
    )))  # fmt: skip

    def ask(kind: str, *words: str) -> str:
        done = promtool("query", kind, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    instant = ask("instant", "--format=json", f"--time={now}", url, "sort(m)")
    assert [row["value"] for row in json.loads(instant)] == [[now, "1"], [now, "2"]]
    assert f'm{{i="1"}} => 1 @[{now}]' in ask("instant", f"--time={now}", url, "m")
    span = [f"--start={now - 4}", f"--end={now}"]
    ranged = ask("range", "--format=json", *span, "--step=2s", url, 'm{i="2"}')
    assert [len(row["values"]) for row in json.loads(ranged)] == [3]
    series = ask("series", "--match=m", *span, url)
    assert series.splitlines() == ['{__name__="m", i="1"}', '{__name__="m", i="2"}']
    assert ask("labels", url, "i").splitlines() == ["1", "2"]
    wrong = promtool("query", "instant", url, "m{")
    assert wrong.returncode == 1
    assert "parse error" in wrong.stderr


def test_promtool_finds_nothing_wrong_with_our_page(
    telemetry: Telemetry, promtool: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    telemetry.post("/api/v1/write", bodies.body(({"__name__": "m"}, [(1, 1.0)])))
    telemetry.query("m")
    page = telemetry.client.get("/metrics").text
    checked = promtool("check", "metrics", given=page)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")

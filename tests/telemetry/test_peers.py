"""Against Debian's Prometheus: it writes to us, and both answer the same."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.telemetry.server_process import TOKEN, Telemetry, free_port, until

pytestmark = [pytest.mark.server, pytest.mark.peer]

PROMETHEUS = shutil.which("prometheus")


@pytest.fixture
def prometheus(tmp_path: Path, telemetry: Telemetry) -> Iterator[str]:
    """A Prometheus that scrapes itself every second and writes to telemetry; its address."""
    if PROMETHEUS is None:
        pytest.skip("prometheus is not installed")
    port = free_port()
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        f"- {{job_name: self, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}\n"
        "remote_write:\n"
        f"- url: '{telemetry.url}/api/v1/write'\n"
        f"  authorization: {{credentials: {TOKEN}}}\n"
        "  queue_config: {batch_send_deadline: 1s}\n"
    )
    with (tmp_path / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
             f"--web.listen-address=127.0.0.1:{port}"],
            stdout=log, stderr=log,
        )  # fmt: skip
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(20)


def test_what_prometheus_writes_is_answered_as_prometheus_answers(
    telemetry: Telemetry, prometheus: str
) -> None:
    until(lambda: telemetry.query('count_over_time(up{job="self"}[1m]) > 8'), 40)
    at = time.time() - 3
    queries = [
        "up{job='self'}",
        "sort(prometheus_build_info)",
        "sum by (handler) (rate(prometheus_http_requests_total[5s]))",
        "histogram_quantile(0.9, rate(prometheus_http_request_duration_seconds_bucket[6s]))",
        "go_goroutines > 1",
        "topk(3, go_memstats_alloc_bytes_total)",
        "count({job='self'})",
        "scrape_samples_scraped",
    ]
    for query in queries:
        given = {"query": query, "time": f"{at:.3f}"}
        theirs = httpx.get(f"{prometheus}/api/v1/query", params=given, trust_env=False).json()
        ours = telemetry.client.get("/api/v1/query", params=given).json()

        def by_labels(answer: dict) -> dict:
            return {
                tuple(sorted(row["metric"].items())): pytest.approx(
                    float(row["value"][1]), nan_ok=True
                )
                for row in answer["data"]["result"]
            }

        assert by_labels(ours).keys() == by_labels(theirs).keys(), query
        assert by_labels(ours) == {
            tuple(sorted(row["metric"].items())): float(row["value"][1])
            for row in theirs["data"]["result"]
        }, query
    metadata = until(lambda: telemetry.client.get("/api/v1/metadata").json()["data"], 70)
    assert metadata


def test_promtool_can_ask(telemetry: Telemetry, prometheus: str, tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    until(lambda: telemetry.query('up{job="self"}'), 30)
    config = tmp_path / "http.yml"
    config.write_text(f"authorization: {{credentials: {TOKEN}}}\n")
    page = telemetry.client.get("/metrics").content
    checked = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True)
    assert checked.returncode in (0, 3), checked.stderr  # 3: lint hints only
    assert b"error while" not in checked.stderr

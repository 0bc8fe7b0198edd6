"""The pages of `/federate`, and that Debian's Prometheus reads native histograms from them."""

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn
from starlette.applications import Starlette
from tests.telemetry.server_process import free_port, until

from watchbill.telemetry.config import QueryLimits
from watchbill.telemetry.http import federate
from watchbill.telemetry.http.federate_pages import Row, as_protobuf, as_text, wants_protobuf
from watchbill.telemetry.http.runner import QueryRunner
from watchbill.telemetry.promql.histogram import CUSTOM_BOUNDS, Buckets, Histogram
from watchbill.telemetry.promql.storage import Matcher, Selection, labels_of

PROMETHEUS = shutil.which("prometheus")
NATIVE = Histogram(
    schema=1, count=20.5, sum=-3.25, zero_threshold=0.001, zero_count=2.5,
    positive=Buckets(np.array([-4, -3, 0, 5], np.int32), np.array([1.0, 2.0, 3.0, 4.0])),
    negative=Buckets(np.array([2], np.int32), np.array([8.0])),
)  # fmt: skip
CUSTOM = Histogram(
    schema=CUSTOM_BOUNDS, count=6.0, sum=12.0, bounds=np.array([0.5, 1.0]),
    positive=Buckets(np.array([0, 2], np.int32), np.array([2.0, 4.0])),
)  # fmt: skip


@pytest.mark.parametrize(
    ("accept", "protobuf"),
    [
        ("", False),
        ("text/plain", False),
        ("*/*", False),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", False),
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
            "encoding=delimited;q=0.6,text/plain;version=0.0.4;q=0.3",
            True,
        ),
        ("text/plain, application/vnd.google.protobuf;encoding=delimited;q=0.1", False),
        ("application/vnd.google.protobuf;encoding=text", False),
        ("application/vnd.google.protobuf;encoding=delimited;q=.", False),
    ],
)
def test_the_form_is_the_one_preferred(accept: str, protobuf: bool) -> None:
    assert wants_protobuf(accept) is protobuf


def test_text_leaves_native_histograms_out() -> None:
    rows = [Row("h", (), 1000, 0.0, NATIVE), Row("m", (("a", 'x"\n'),), 1000, float("nan"))]
    assert as_text(rows, quoted=False).decode() == (
        '# TYPE m untyped\nm{a="x\\"\\n",instance=""} NaN 1000\n'
    )


def test_a_number_in_protobuf_byte_for_byte() -> None:
    page = as_protobuf([Row("m", (("instance", "i"),), 300, 1.0)])
    label = b"\x0a\x0d" + b"\x0a\x08instance" + b"\x12\x01i"
    untyped = b"\x2a\x09" + b"\x09" + b"\x00\x00\x00\x00\x00\x00\xf0\x3f"
    metric = label + untyped + b"\x30\xac\x02"
    family = b"\x0a\x01m" + b"\x18\x03" + b"\x22" + bytes([len(metric)]) + metric
    assert page == bytes([len(family)]) + family


class Stored:
    """A store of two histograms and a number, always of now."""

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Selection:
        labels = [labels_of({"__name__": name, "job": "j"}) for name in ("native", "custom", "n")]
        h = np.array([NATIVE, CUSTOM, None], np.object_)
        t = np.full(3, end_ms // 1000 * 1000)
        return Selection(labels, np.arange(4), t, np.array([0.0, 0.0, 7.0]), h)


@pytest.fixture
def address() -> Iterator[str]:
    """`/federate` alone, served."""
    app = Starlette(routes=federate.routes(Stored(), QueryRunner(None, QueryLimits())))
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    yield f"127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.mark.server
@pytest.mark.peer
def test_prometheus_federates_native_histograms(address: str, tmp_path: Path) -> None:
    if PROMETHEUS is None:
        pytest.skip("prometheus is not installed")
    own, config = f"127.0.0.1:{free_port()}", tmp_path / "prometheus.yml"
    config.write_text(
        "scrape_configs:\n- job_name: federate\n  scrape_interval: 1s\n  honor_labels: true\n"
        "  metrics_path: /federate\n  params: {'match[]': ['{job=\"j\"}']}\n"
        f"  static_configs: [{{targets: ['{address}']}}]\n"
    )
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
             f"--web.listen-address={own}", "--enable-feature=native-histograms"],
            stdout=log, stderr=log,
        )  # fmt: skip

    def ask(query: str) -> list[float]:
        try:
            answer: Any = httpx.get(
                f"http://{own}/api/v1/query", params={"query": query}, trust_env=False
            ).json()
        except (httpx.TransportError, ValueError):
            return []
        return [float(row["value"][1]) for row in answer.get("data", {}).get("result", [])]

    try:
        until(lambda: ask("histogram_count(native)"), 30)
        time.sleep(1)
        assert ask("histogram_count(native)") == [20.5]
        assert ask("histogram_sum(native)") == [-3.25]
        edge = 2.0 ** (-2 / 2)  # the upper end of bucket -2, which is where bucket -1 begins
        assert ask(f"histogram_fraction({edge}, +Inf, native)") == [pytest.approx(7 / 20.5)]
        assert ask("histogram_fraction(-0.001, 0.001, native)") == [pytest.approx(2.5 / 20.5)]
        assert ask("histogram_fraction(-Inf, -0.001, native)") == [pytest.approx(8 / 20.5)]
        assert ask("n") == [7.0]
        assert sorted(ask("custom_bucket")) == [2.0, 2.0, 6.0]
        assert (ask("custom_count"), ask("custom_sum")) == ([6.0], [12.0])
    finally:
        process.terminate()
        process.wait(20)

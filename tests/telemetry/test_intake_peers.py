"""Against Debian's Prometheus: the same page scraped by both, and histograms that it sends on."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from tests.telemetry import bodies
from tests.telemetry.intake.test_exposition_protobuf import (
    COUNTER,
    HISTOGRAM,
    bucket,
    exemplar,
    family,
    metric,
    native,
)
from tests.telemetry.scrape.world import serving
from tests.telemetry.server_process import Telemetry, free_port, until

from watchbill.lib import clock
from watchbill.telemetry.exemplars import Exemplar
from watchbill.telemetry.intake.batch import Batch
from watchbill.telemetry.intake.remote_write import RemoteWriteDecoder
from watchbill.telemetry.promql.histogram import Buckets, Histogram
from watchbill.telemetry.store.head import Columns
from watchbill.telemetry.store.index import SeriesIndex

pytestmark = [pytest.mark.server, pytest.mark.peer]

PROMETHEUS = shutil.which("prometheus")
PROTOBUF = (
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
)


@contextmanager
def prometheus(folder: Path, config: str) -> Iterator[str]:
    """A Prometheus with this configuration; its address."""
    if PROMETHEUS is None:
        pytest.skip("prometheus is not installed")
    port = free_port()
    (folder / "prometheus.yml").write_text(config)
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [PROMETHEUS, f"--config.file={folder / 'prometheus.yml'}",
             f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address=127.0.0.1:{port}",
             "--enable-feature=native-histograms,exemplar-storage"],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def rows(answer: dict[str, Any]) -> list[tuple[dict[str, str], str]]:
    return sorted(
        ((row["metric"], row["value"][1]) for row in answer["data"]["result"]),
        key=lambda row: str(row[0]),
    )


TEXT = b"""\
# TYPE requests_total counter
requests_total{path="/a\\\\b \\"c\\"",code="200"} 1027
requests_total{path="/new\\nline",code="500"} 3
# TYPE took histogram
took_bucket{le="0.25"} 1
took_bucket{le="+Inf"} 3
took_sum 4.5
took_count 3
# HELP temp Degrees.
# TYPE temp gauge
temp{job="own",instance="mine"} -1.5e-3
untold 7
"""


def test_the_same_page_becomes_the_same_series(tmp_path: Path, telemetry: Telemetry) -> None:
    with serving() as target:
        target.pages["/metrics"] = TEXT
        config = (
            "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: page\n"
            f"  static_configs: [{{targets: ['{target.address}'], labels: {{dc: one}}}}]\n"
            "  metric_relabel_configs:\n"
            "  - {source_labels: [code], regex: '(.).+', target_label: class,"
            " replacement: '${1}x'}\n"
            "  - {regex: exported_instance, action: labeldrop}\n"
        )
        (telemetry.folder / "scrape.yml").write_text(config)
        query = '{job="page",__name__!="scrape_duration_seconds"}'
        with prometheus(tmp_path, config) as address:

            def theirs() -> list[Any]:
                try:
                    found = httpx.get(
                        f"{address}/api/v1/query", params={"query": query}, trust_env=False
                    )
                    return rows(found.json())
                except (httpx.TransportError, ValueError):  # not yet ready
                    return []

            def ours() -> list[Any]:
                return sorted(
                    ((row["metric"], row["value"][1]) for row in telemetry.query(query)),
                    key=lambda row: str(row[0]),
                )

            until(lambda: len(theirs()) == 12 and dict(_added(theirs())) == {"added": "0"})
            until(lambda: len(ours()) == 12 and dict(_added(ours())) == {"added": "0"})
            assert ours() == theirs()


def _added(found: list[Any]) -> list[tuple[str, str]]:
    """How many series the last scrape added: none any more once both are at it for a while."""
    return [("added", value) for labels, value in found
            if labels["__name__"] == "scrape_series_added"]  # fmt: skip


def test_what_it_sends_of_histograms_and_exemplars_is_read(tmp_path: Path) -> None:
    now_ms = int(clock.seconds() * 1000)
    told = Histogram(
        3, 12.0, 34.5, 0.001, 2.0,
        Buckets(np.array([-5, -4, 7], np.int32), np.array([1.0, 3.0, 4.0])),
        Buckets(np.array([2], np.int32), np.array([2.0])),
    )  # fmt: skip
    page = family("took_seconds", HISTOGRAM, metric(7, native(told, bucket(12, 1.0))))
    page += family("seen_total", COUNTER, metric(
        3, bodies.double(1, 1.0) + exemplar(2, "abc", 0.5, now_ms)
    ))  # fmt: skip
    index, batches = SeriesIndex(), list[Batch]()
    decoder = RemoteWriteDecoder(index.intern)
    with serving() as target:
        target.kind, target.pages["/metrics"] = PROTOBUF, page
        config = (
            "global: {scrape_interval: 1s}\nscrape_configs:\n"
            f"- {{job_name: page, static_configs: [{{targets: ['{target.address}']}}]}}\n"
            f"remote_write:\n- url: 'http://{target.address}/write'\n"
            "  queue_config: {batch_send_deadline: 1s}\n"
            "  send_exemplars: true\n  send_native_histograms: true\n"
        )

        def arrived() -> bool:
            while target.posted:
                batches.append(decoder.decode(target.posted.pop(0)))
            return any(len(one.histograms) for one in batches) and any(
                one.exemplars for one in batches
            )

        with prometheus(tmp_path, config):
            until(arrived, 40)
    histograms = Columns.join([one.histograms for one in batches])
    assert histograms.h is not None
    # Prometheus adds a hint and passes the buckets on, in spans of its own
    sent = replace(histograms.h[0], hint="unknown")
    assert (sent.schema, sent.count, sent.sum, sent.zero_count) == (3, 12.0, 34.5, 2.0)
    held = sent.positive.counts > 0
    assert sent.positive.index[held].tolist() == [-5, -4, 7]
    assert sent.positive.counts[held].tolist() == [1.0, 3.0, 4.0]
    assert sent.negative.index.tolist() == [2]
    assert dict(index.labels[histograms.slots[0]])["__name__"] == "took_seconds"
    slot, one = next(one for batch in batches for one in batch.exemplars)
    assert dict(index.labels[slot])["__name__"] == "seen_total"
    assert one == Exemplar((("trace_id", "abc"),), 0.5, now_ms)

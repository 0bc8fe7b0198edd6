"""Health, own metrics, and how this process is: for Prometheus's clients and for the application.

https://prometheus.io/docs/prometheus/latest/querying/api/#status
"""

import os
import platform
import socket
import threading
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from watchbill.lib import clock
from watchbill.telemetry import jit
from watchbill.telemetry.config import TelemetryConfig
from watchbill.telemetry.http.answers import success
from watchbill.telemetry.http.auth import Tokens
from watchbill.telemetry.http.runner import QueryRunner
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.own import OwnMetrics
from watchbill.telemetry.scrape.loop import Scraper
from watchbill.telemetry.store.keeper import Keeper
from watchbill.telemetry.store.samples import SampleStore

SPEAKS = "3.14.0"
"""The Prometheus whose API and PromQL these are: clients switch what they use by it."""


@dataclass(frozen=True)
class Parts:
    """What is asked about."""

    config: TelemetryConfig
    store: SampleStore
    logs: LogStore
    keeper: Keeper
    scraper: Scraper
    own: OwnMetrics
    tokens: Tokens
    queries: QueryRunner
    started: datetime


def routes(parts: Parts) -> list[Route]:
    """The two open health paths, `/metrics`, and how this process is, under `status`."""

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("Watchbill telemetry is healthy.\n")

    async def ready(_: Request) -> Response:
        # The port opens when the log has been replayed: whoever reaches it may ask.
        lost = "".join(f"Lost: {loss}\n" for loss in parts.store.lost())
        return PlainTextResponse("Watchbill telemetry is ready.\n" + lost)

    async def metrics(_: Request) -> Response:
        return Response(
            parts.own.page(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    async def build(_: Request) -> Response:
        return success({
            "application": "watchbill", "version": SPEAKS,
            "revision": version("watchbill"), "branch": "", "buildUser": "", "buildDate": "",
            "goVersion": f"python{platform.python_version()}",
        })  # fmt: skip

    async def runtime(_: Request) -> Response:
        return success(_runtime(parts))

    async def replay(_: Request) -> Response:
        segments = parts.store.replayed.segments
        return success({"min": 0, "max": segments, "current": segments, "state": "done"})

    async def queries(_: Request) -> Response:
        return success(parts.queries.shown())

    async def watchbill(_: Request) -> Response:
        return success(await run_in_threadpool(_own_status, parts))

    return [
        Route("/-/healthy", healthy),
        Route("/-/ready", ready),
        Route("/metrics", metrics),
        Route("/api/v1/status/buildinfo", build),
        Route("/api/v1/status/runtimeinfo", runtime),
        Route("/api/v1/status/walreplay", replay),
        Route("/api/v1/status/queries", queries),
        Route("/api/v1/status/watchbill", watchbill),
    ]


def _runtime(parts: Parts) -> dict[str, object]:
    return {
        "startTime": parts.started.isoformat(), "CWD": str(Path.cwd()),
        "hostname": socket.gethostname(), "serverTime": clock.now().isoformat(),
        "reloadConfigSuccess": parts.scraper.config_error is None,
        "lastConfigTime": parts.started.isoformat(),
        "corruptionCount": len(parts.store.replayed.torn),
        "goroutineCount": threading.active_count(), "GOMAXPROCS": os.cpu_count() or 1,
        "GOMEMLIMIT": 0, "GOGC": "", "GODEBUG": "",
        "storageRetention": f"{parts.config.retention.days}d",
    }  # fmt: skip


def _own_status(parts: Parts) -> dict[str, object]:
    """What the application's health page reads."""
    store, logs, scraper = parts.store, parts.logs, parts.scraper
    chunks, replayed = store.chunks.check(), store.replayed
    health = [state.health for state in list(scraper.states.values())]
    return {
        "started": parts.started.isoformat(),
        "series": len(store.index),
        "machineCode": jit.in_use(),
        "headSamples": store.head.samples,
        "headBytes": store.head.nbytes(),
        "lateSamples": store.late_samples(),
        "headFrom": store.floor_ms / 1000,
        "walBytes": store.wal.nbytes(),
        "diskFull": (store.wal.full or logs.wal.full) is not None,
        "walProblem": store.wal.full,
        "replay": {
            "segments": replayed.segments, "records": replayed.records,
            "bytes": replayed.bytes, "samples": replayed.samples,
            "seconds": round(replayed.seconds, 3), "torn": replayed.torn,
        },
        "chunks": {
            "kind": chunks.kind, "rows": chunks.rows, "bytes": chunks.bytes,
            "oldest": chunks.oldest_ms / 1000 if chunks.oldest_ms is not None else None,
            "problem": chunks.problem or parts.keeper.problem, "lost": parts.store.lost(),
        },
        "logs": {
            "held": logs.held(), "walBytes": logs.wal.nbytes(),
            "walProblem": logs.wal.full, "torn": logs.replayed.torn,
        },
        "scrapeConfigError": scraper.config_error,
        "targetFileErrors": dict(scraper.discovery.problems),
        "tokenFileError": parts.tokens.problem,
        "targets": {name: health.count(name) for name in ("up", "down", "unknown")},
    }  # fmt: skip

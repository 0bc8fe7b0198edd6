"""Health, own metrics, targets, and what the application's health page reads."""

import platform
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from watchbill.telemetry.http.answers import success
from watchbill.telemetry.http.auth import Tokens
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.own import OwnMetrics
from watchbill.telemetry.scrape.loop import Scraper, TargetState
from watchbill.telemetry.store.keeper import Keeper
from watchbill.telemetry.store.samples import SampleStore


def routes(
    store: SampleStore,
    logs: LogStore,
    keeper: Keeper,
    scraper: Scraper,
    own: OwnMetrics,
    tokens: Tokens,
    started: datetime,
) -> list[Route]:
    """Everything under `status`, `targets`, `/metrics` and the two open health paths."""

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("Watchbill telemetry is healthy.\n")

    async def ready(_: Request) -> Response:
        return PlainTextResponse("Watchbill telemetry is ready.\n")

    async def metrics(_: Request) -> Response:
        return Response(own.page(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def targets(_: Request) -> Response:
        return success(
            {
                "activeTargets": [_target(state) for state in scraper.states.values()],
                "droppedTargets": [
                    {"discoveredLabels": dict(labels)} for labels in scraper.dropped
                ],
            }
        )

    async def build(_: Request) -> Response:
        # The version is Prometheus's whose API this speaks: clients switch features by it.
        return success({
            "application": "watchbill", "version": "2.42.0",
            "revision": version("watchbill"), "branch": "", "buildUser": "", "buildDate": "",
            "goVersion": f"python{platform.python_version()}",
        })  # fmt: skip

    async def flags(_: Request) -> Response:
        days = timedelta(milliseconds=store.retention_ms).days
        return success({"storage.tsdb.retention.time": f"{days}d"})

    async def runtime(_: Request) -> Response:
        return success({
            "startTime": started.isoformat(), "CWD": "",
            "reloadConfigSuccess": scraper.config_error is None,
            "lastConfigTime": started.isoformat(),
            "corruptionCount": len(store.replayed.torn),
            "storageRetention": f"{timedelta(milliseconds=store.retention_ms).days}d",
        })  # fmt: skip

    async def watchbill(_: Request) -> Response:
        chunks = await run_in_threadpool(store.chunks.check)
        replayed = store.replayed
        return success({
            "started": started.isoformat(),
            "series": len(store.index),
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
                "problem": chunks.problem or keeper.problem,
            },
            "logs": {
                "held": logs.held(), "walBytes": logs.wal.nbytes(),
                "walProblem": logs.wal.full, "torn": logs.replayed.torn,
            },
            "scrapeConfigError": scraper.config_error,
            "targetFileErrors": dict(scraper.discovery.problems),
            "tokenFileError": tokens.problem,
            "targets": {
                "up": sum(state.health == "up" for state in scraper.states.values()),
                "down": sum(state.health == "down" for state in scraper.states.values()),
                "unknown": sum(state.health == "unknown" for state in scraper.states.values()),
            },
        })  # fmt: skip

    return [
        Route("/-/healthy", healthy),
        Route("/-/ready", ready),
        Route("/metrics", metrics),
        Route("/api/v1/targets", targets),
        Route("/api/v1/status/buildinfo", build),
        Route("/api/v1/status/flags", flags),
        Route("/api/v1/status/runtimeinfo", runtime),
        Route("/api/v1/status/watchbill", watchbill),
    ]


def _target(state: TargetState) -> dict[str, object]:
    target = state.target
    return {
        "discoveredLabels": dict(target.discovered),
        "labels": dict(target.labels),
        "scrapePool": state.job.name,
        "scrapeUrl": target.url,
        "globalUrl": target.url,
        "lastError": state.last_error,
        "lastScrape": datetime.fromtimestamp(state.last_scrape, UTC).isoformat(),
        "lastScrapeDuration": state.last_duration,
        "health": state.health,
        "scrapeInterval": f"{target.interval:g}s",
        "scrapeTimeout": f"{target.timeout:g}s",
    }

"""The telemetry process: everything put together, served, and stopped in order."""

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from watchbill.lib import clock
from watchbill.telemetry.config import TelemetryConfig
from watchbill.telemetry.http import loki, query, series, status, write
from watchbill.telemetry.http.answers import ApiError
from watchbill.telemetry.http.auth import RequireToken, Tokens
from watchbill.telemetry.http.bodies import BodyQueue
from watchbill.telemetry.intake.exposition import parse
from watchbill.telemetry.intake.metadata import MetadataBook
from watchbill.telemetry.logs import table
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.own import OwnMetrics
from watchbill.telemetry.scrape.host import host_page
from watchbill.telemetry.scrape.local import LocalScraper, LocalSource
from watchbill.telemetry.scrape.loop import Scraper
from watchbill.telemetry.store import chdb_chunks
from watchbill.telemetry.store.chdb import open_chdb
from watchbill.telemetry.store.keeper import Keeper
from watchbill.telemetry.store.samples import SampleStore

log = logging.getLogger(__name__)

GRACE_SECONDS = 1
"""How long open requests may take once we are asked to stop."""


class FolderInUseError(Exception):
    """Another process works on this folder."""


def run(config: TelemetryConfig) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises `FolderInUseError`, and `StoreDamagedError` when the data cannot be opened whole.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # else a line per scrape
    config.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _sole_user(config):
        chdb = open_chdb(config.folder, {**chdb_chunks.TABLES, **table.TABLES})
        store = SampleStore(config.folder, chdb_chunks.ChdbChunks(chdb), config.retention)
        logs = LogStore(config.folder, table.ChdbLines(chdb), config.retention)
        store.open()
        logs.open()
        keeper = Keeper(store, logs)
        keeper.start()
        try:
            asyncio.run(_serve(config, store, logs, keeper))
        finally:
            keeper.stop()
            logs.close()
            store.close()
            log.info("stopped; everything acknowledged is on disk")


@contextlib.contextmanager
def _sole_user(config: TelemetryConfig) -> Iterator[None]:
    path = config.folder / "lock"
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FolderInUseError(
                f"another telemetry process uses {config.folder}; stop it first"
            ) from None
        file.write(str(os.getpid()))
        file.flush()
        yield


async def _serve(
    config: TelemetryConfig, store: SampleStore, logs: LogStore, keeper: Keeper
) -> None:
    # One thread takes everything in: the decoder's and the scrapers' caches need no locks then.
    intake_thread = ThreadPoolExecutor(1, thread_name_prefix="intake")
    metadata, own, tokens = MetadataBook(), OwnMetrics(store), Tokens(config.tokens)
    scraper = Scraper(store, metadata, config.scrape_config, intake_thread)
    local = LocalScraper(store, metadata, _local_sources(config, own), intake_thread)
    runner = query.QueryRunner(own)
    queue = BodyQueue(intake_thread)
    intake = write.Intake(store, metadata, own, queue)

    faults: list[BaseException] = []

    def ended(task: asyncio.Task[None]) -> None:
        """Scraping never ends by itself: better to start again as a whole than to go on without."""
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            faults.append(fault)
            server.should_exit = True

    @contextlib.asynccontextmanager
    async def scraping(_: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(scraper.run()), asyncio.create_task(local.run())]
        for task in tasks:
            task.add_done_callback(ended)
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    app = Starlette(
        routes=[
            *query.routes(store, runner),
            *series.routes(store, metadata),
            *write.routes(intake),
            *loki.routes(logs, runner, queue),
            *status.routes(store, logs, keeper, scraper, own, tokens, clock.now()),
        ],
        middleware=[Middleware(RequireToken, tokens=tokens)],
        exception_handlers={ApiError: _answer_error},
        lifespan=scraping,
    )
    server = _Server(uvicorn.Config(
        app,
        host=config.host,
        port=config.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ws="websockets-sansio",
    ))  # fmt: skip

    def stop() -> None:
        server.should_exit = True
        runner.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    log.info("telemetry on http://%s:%d", config.host, config.port)
    await server.serve()
    runner.stop()
    intake_thread.shutdown(wait=True, cancel_futures=True)
    if faults:
        raise faults[0]


class _Server(uvicorn.Server):
    """uvicorn whose signals are ours: its own handling would end the process by the signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _local_sources(config: TelemetryConfig, own: OwnMetrics) -> list[LocalSource]:
    host = socket.gethostname()
    itself = {"job": "watchbill", "instance": f"{host}:{config.port}"}
    sources = [LocalSource(itself, lambda: parse(own.page()))]
    if config.host_metrics:
        machine = {"job": "host", "instance": host}
        sources.append(LocalSource(machine, lambda: host_page(clock.seconds())))
    return sources


async def _answer_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error.response()

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
from dataclasses import replace

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from watchbill.lib import clock
from watchbill.telemetry import jit, memory
from watchbill.telemetry.config import TelemetryConfig
from watchbill.telemetry.exemplars import Exemplars
from watchbill.telemetry.http import (
    alerting,
    configuration,
    federate,
    loki,
    otlp,
    query,
    series,
    status,
    syntax,
    targets,
    write,
)
from watchbill.telemetry.http.answers import ApiError, failure
from watchbill.telemetry.http.auth import RequireToken, Tokens
from watchbill.telemetry.http.bodies import BodyQueue
from watchbill.telemetry.http.head import BoundedHttp
from watchbill.telemetry.http.runner import QueryRunner
from watchbill.telemetry.intake.exposition import parse
from watchbill.telemetry.intake.metadata import MetadataBook
from watchbill.telemetry.intake.sink import Sink
from watchbill.telemetry.logs import table
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.own import OwnMetrics
from watchbill.telemetry.scrape.host import host_page
from watchbill.telemetry.scrape.local import LocalScraper, LocalSource
from watchbill.telemetry.scrape.loop import Scraper
from watchbill.telemetry.store import chdb_chunks
from watchbill.telemetry.store.at_once import AtOnce
from watchbill.telemetry.store.budget import Budget
from watchbill.telemetry.store.chdb import open_chdb
from watchbill.telemetry.store.chunks import StoreDamagedError
from watchbill.telemetry.store.keeper import Keeper
from watchbill.telemetry.store.samples import SampleStore

log = logging.getLogger(__name__)

KERNELS = (
    "watchbill.telemetry.http.series_json",
    "watchbill.telemetry.intake.scan",
    "watchbill.telemetry.promql.kernels.compiled",
    "watchbill.telemetry.promql.kernels.grouping",
    "watchbill.telemetry.store.gather",
    "watchbill.telemetry.store.kernels",
    "watchbill.telemetry.store.rows",
)
"""Modules with loops for which machine code is made (see `jit`)."""

GRACE_SECONDS = 1
"""How long open requests may take once we are asked to stop."""


class FolderInUseError(Exception):
    """Another process works on this folder."""


def run(config: TelemetryConfig) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises `FolderInUseError`, and `StoreDamagedError` when the data cannot be opened whole.
    """
    memory.hold_little()
    logging.getLogger("httpx").setLevel(logging.WARNING)  # else a line per scrape
    with _sole_user(config):
        chdb = open_chdb(config.folder, {**chdb_chunks.TABLES, **table.TABLES})
        store = SampleStore(
            config.folder,
            chdb_chunks.ChdbChunks(chdb),
            config.retention,
            series_limit=config.series_limit,
            late=config.late,
        )
        logs = LogStore(config.folder, table.ChdbLines(chdb), config.retention)
        store.open()
        logs.open()
        jit.start(config.code_cache or config.folder / "jit", KERNELS)
        keeper = Keeper(store, logs, Budget(config.size_limit, store, logs))
        keeper.start()
        try:
            uvloop.run(_serve(config, store, logs, keeper))
        finally:
            keeper.stop()
            logs.close()
            store.close()
            log.info("stopped; everything acknowledged is on disk")


@contextlib.contextmanager
def _sole_user(config: TelemetryConfig) -> Iterator[None]:
    path = config.folder / "lock"
    try:
        config.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = path.open("w")
    except OSError as error:
        raise StoreDamagedError(
            f"{path} cannot be written: {error.strerror}. Telemetry keeps its data there; make "
            f"{config.folder} a folder that it may write to."
        ) from None
    with file:
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
    metadata, exemplars = MetadataBook(), Exemplars()
    own, tokens = OwnMetrics(store), Tokens(config.tokens)
    sink = Sink(store, exemplars, metadata, own)
    scraper = Scraper(store, sink, config.scrape_config, intake_thread)
    local = LocalScraper(store, sink, _local_sources(config, own), intake_thread)
    runner = QueryRunner(own, config.queries)
    lookups = QueryRunner(None, config.queries)  # of names, which do not wait behind queries
    for_rules = QueryRunner(own, replace(config.queries, at_once=1), runner.log)
    own.queries_in_flight = lambda: len(runner.log.running())
    queue = BodyQueue(intake_thread)
    intake = write.Intake(store, sink, own, queue)

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
            *write.routes(intake),  # first, because paths are tried in turn
            *otlp.routes(store, sink, logs, own, queue),
            *query.routes(
                store,
                runner,
                exemplars,
                for_rules,
                at_once=AtOnce(store),
                features=config.promql_features,
            ),
            *syntax.routes(),
            *series.routes(store, metadata, lookups),
            *targets.routes(scraper, local, store, metadata, lookups),
            *alerting.routes(store, keeper, scraper),
            *configuration.routes(config, scraper),
            *federate.routes(store, runner),
            *loki.routes(logs, runner, queue),
            *status.routes(
                status.Parts(config, store, logs, keeper, scraper, own, tokens, runner, clock.now())
            ),
        ],
        middleware=[Middleware(RequireToken, tokens=tokens)],
        exception_handlers={
            ApiError: _answer_error,
            ClientDisconnect: _answer_nobody,
            Exception: _answer_fault,
        },
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
        http=BoundedHttp,
        ws="websockets-sansio",
    ))  # fmt: skip

    def stop() -> None:
        server.should_exit = True
        runner.stop()
        for_rules.stop()
        lookups.stop()

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


async def _answer_nobody(_: Request, __: Exception) -> Response:
    """Whoever asked has left before the question was whole."""
    return Response(status_code=400)


async def _answer_fault(request: Request, _: Exception) -> Response:
    """A fault of ours. It is logged with its trace by the server; the asker gets the envelope."""
    return failure("internal", f"{request.url.path} failed: the reason is in telemetry's log")

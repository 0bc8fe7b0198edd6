"""The scrape loop: one task per target, reconciled with configuration and discovery."""

import asyncio
import logging
import ssl
import time
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from watchbill.lib import clock
from watchbill.telemetry.intake.exposition import ExpositionError, parse
from watchbill.telemetry.intake.metadata import MetadataBook
from watchbill.telemetry.promql.storage import Labels
from watchbill.telemetry.scrape.page import PageError, TargetSeries
from watchbill.telemetry.scrape.relabel import Relabeller
from watchbill.telemetry.scrape.settings import Job, ScrapeSettings, Tls, read_settings
from watchbill.telemetry.scrape.targets import Discovery, Target
from watchbill.telemetry.scrape.yamlfile import ConfigError
from watchbill.telemetry.store.head import Columns
from watchbill.telemetry.store.index import SeriesLimitError
from watchbill.telemetry.store.samples import OverloadError, SampleStore
from watchbill.telemetry.store.wal import LogFullError

log = logging.getLogger(__name__)

RECONCILE_SECONDS = 3.0
FIRST_SCRAPE_SECONDS = 2.0
ACCEPT = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


class ScrapeError(Exception):
    """A target did not give a page."""


@dataclass
class TargetState:
    """A target under scrape, as `/api/v1/targets` shows it."""

    job: Job
    target: Target
    health: str = "unknown"
    last_error: str = ""
    last_scrape: float = 0.0
    last_duration: float = 0.0
    task: "asyncio.Task[None] | None" = field(default=None, repr=False)


class Scraper:
    """Scrapes what the configuration says, for as long as `run` runs."""

    def __init__(
        self,
        store: SampleStore,
        metadata: MetadataBook,
        config: Path,
        executor: Executor,
        seconds: Callable[[], float] = clock.seconds,
    ) -> None:
        self._store = store
        self._metadata = metadata
        self._config = config
        self._executor = executor
        self._seconds = seconds
        self._version: tuple[int, int, int] | None = None
        self._settings = ScrapeSettings()
        self._clients: dict[str, tuple[Job, httpx.AsyncClient]] = {}
        self._stopping = False
        self.discovery = Discovery()
        self.states: dict[tuple[str, str, Labels], TargetState] = {}
        self.dropped: list[Labels] = []
        self.config_error: str | None = None

    async def run(self) -> None:
        """Scrape until cancelled."""
        try:
            while True:
                self._reload()
                await self._reconcile()
                await asyncio.sleep(RECONCILE_SECONDS)
        finally:
            self._stopping = True
            await _cancel(state.task for state in self.states.values())
            for _, client in self._clients.values():
                await client.aclose()

    def _reload(self) -> None:
        """Read the configuration again if it changed; a wrong one leaves the old in force."""
        try:
            stat = self._config.stat()
            version = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if version == self._version:
                return
            self._version = version
            self._settings = read_settings(self._config)
        except FileNotFoundError:
            if self._version is not None:
                self._refuse(f"{self._config} is gone")
                self._version = None
        except (ConfigError, OSError) as error:
            self._refuse(str(error))
        else:
            self.config_error = None
            log.info("scrape configuration read: %d jobs", len(self._settings.jobs))

    def _refuse(self, problem: str) -> None:
        self.config_error = problem
        log.error("scrape configuration refused, the last good one stays in force: %s", problem)

    async def _reconcile(self) -> None:
        wanted: dict[tuple[str, str, Labels], tuple[Job, Target]] = {}
        dropped: list[Labels] = []
        for job in self._settings.jobs:
            found = self.discovery.resolve(job)
            dropped += found.dropped
            for target in found.active:
                wanted[job.name, target.url, target.labels] = (job, target)
        self.dropped = dropped
        changed = [
            key
            for key, state in self.states.items()
            if key not in wanted or wanted[key] != (state.job, state.target) or _failed(state)
        ]
        ended = [self.states.pop(key) for key in changed]
        await _cancel(state.task for state in ended)
        for key, (job, target) in wanted.items():
            if key not in self.states:
                state = self.states[key] = TargetState(job, target)
                state.task = asyncio.create_task(self._follow(state))
        await self._close_clients()

    async def _close_clients(self) -> None:
        """Let go of connections of jobs that changed or went."""
        live = {job.name: job for job in self._settings.jobs}
        for name, (job, client) in list(self._clients.items()):
            if live.get(name) != job:
                del self._clients[name]
                await client.aclose()

    async def _follow(self, state: TargetState) -> None:
        """Scrape one target for ever; its series end when it is cancelled, unless we stop: then
        they go on after the restart."""
        job, target = state.job, state.target
        series = TargetSeries(
            self._store,
            target.labels,
            Relabeller(job.metric_relabel),
            honor_labels=job.honor_labels,
            honor_timestamps=job.honor_timestamps,
            sample_limit=job.sample_limit,
        )
        spread = zlib.crc32(repr((target.url, target.labels)).encode()) / 0xFFFFFFFF
        due = time.monotonic() + spread * min(target.interval, FIRST_SCRAPE_SECONDS)
        try:
            while True:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                await self._scrape(state, series)
                due += target.interval
                if due < time.monotonic():  # the machine slept: skip what was missed
                    due = time.monotonic() + target.interval
        finally:
            if not self._stopping:
                self._append(series.end(self._now_ms(), target_gone=True))

    async def _scrape(self, state: TargetState, series: TargetSeries) -> None:
        at_ms = self._now_ms()
        began = time.perf_counter()
        page, kind, error = b"", "", ""
        try:
            async with asyncio.timeout(state.target.timeout):
                page, kind = await self._fetch(state.job, state.target)
        except TimeoutError:
            error = f"no answer within {state.target.timeout:g}s"
        except (httpx.HTTPError, httpx.InvalidURL, ScrapeError, OSError, ssl.SSLError) as failure:
            error = str(failure) or type(failure).__name__
        took = time.perf_counter() - began
        loop = asyncio.get_running_loop()
        error = await loop.run_in_executor(
            self._executor, self._store_page, series, page, kind, error, at_ms, took
        )
        state.health = "down" if error else "up"
        if error and error != state.last_error:
            log.warning("scrape of %s failed: %s", state.target.url, error)
        state.last_error, state.last_duration = error, took
        state.last_scrape = at_ms / 1000

    async def _fetch(self, job: Job, target: Target) -> tuple[bytes, str]:
        headers = {
            "Accept": ACCEPT,
            "X-Prometheus-Scrape-Timeout-Seconds": f"{target.timeout:g}",
            **_authorization(job),
        }
        page = bytearray()
        async with self._client(job).stream("GET", target.url, headers=headers) as answer:
            if answer.status_code != 200:
                raise ScrapeError(f"server returned HTTP status {answer.status_code}")
            async for part in answer.aiter_bytes():
                page += part
                if len(page) > job.body_limit:
                    raise ScrapeError(f"page exceeds the limit of {job.body_limit} bytes")
            return bytes(page), answer.headers.get("content-type", "")

    def _store_page(
        self, series: TargetSeries, page: bytes, kind: str, error: str, at_ms: int, took: float
    ) -> str:
        """Parse and store in the intake thread; returns what went wrong, if anything."""
        scraped = kept = added = 0
        try:
            if not error:
                openmetrics = kind.startswith("application/openmetrics-text")
                found = parse(page.decode(), openmetrics=openmetrics)
                scraped = len(found.samples)
                samples, added = series.take(found, at_ms)
                kept = len(samples)
                self._metadata.update(found.metadata)
                self._store.append(samples)
        except (ExpositionError, PageError, UnicodeDecodeError, SeriesLimitError) as failure:
            error = str(failure)
        except (LogFullError, OverloadError) as failure:
            return f"not stored: {failure}"
        batch = [series.end(at_ms, target_gone=False)] if error else []
        batch.append(series.report(
            {
                "up": 0.0 if error else 1.0,
                "scrape_duration_seconds": took,
                "scrape_samples_scraped": float(scraped),
                "scrape_samples_post_metric_relabeling": float(kept),
                "scrape_series_added": float(added),
            },
            at_ms,
        ))  # fmt: skip
        self._append(Columns.join(batch))
        return error

    def _append(self, batch: Columns) -> None:
        try:
            self._store.append(batch)
        except (LogFullError, OverloadError) as error:
            log.warning("scraped samples not stored: %s", error)

    def _client(self, job: Job) -> httpx.AsyncClient:
        known = self._clients.get(job.name)
        if known is not None and known[0] == job:
            return known[1]
        client = httpx.AsyncClient(
            verify=_tls_context(job.tls) if job.scheme == "https" else False,
            follow_redirects=job.follow_redirects,
            # Fresh connections: a kept one may be closed by the target just as we use it.
            limits=httpx.Limits(max_keepalive_connections=0),
            timeout=job.timeout,  # per read; the whole scrape is timed besides
            trust_env=False,
            headers={"User-Agent": "Watchbill"},
        )
        self._clients[job.name] = (job, client)
        return client

    def _now_ms(self) -> int:
        return int(self._seconds() * 1000)


def _failed(state: TargetState) -> bool:
    """Whether a target's task ended by a fault of ours; it is begun anew then."""
    if state.task is None or not state.task.done():
        return False
    log.error("scraping %s ended", state.target.url, exc_info=state.task.exception())
    return True


def _authorization(job: Job) -> dict[str, str]:
    credentials = job.credentials
    if credentials is None:
        return {}
    secret = credentials.secret
    if credentials.secret_file is not None:
        secret = credentials.secret_file.read_text().strip()
    if credentials.scheme == "Basic":
        secret = b64encode(f"{credentials.username}:{secret}".encode()).decode()
    return {"Authorization": f"{credentials.scheme} {secret}"}


def _tls_context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(tls.ca_file) if tls.ca_file else None)
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert_file is not None:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    return context


async def _cancel(tasks: "Iterable[asyncio.Task[None] | None]") -> None:
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)

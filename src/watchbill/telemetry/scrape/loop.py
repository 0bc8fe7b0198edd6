"""The scrape loop: one task per target, reconciled with configuration and discovery."""

import asyncio
import logging
import time
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

from watchbill.lib import clock
from watchbill.telemetry.intake.batch import Batch
from watchbill.telemetry.intake.exposition import ExpositionError
from watchbill.telemetry.intake.protobuf import MalformedError
from watchbill.telemetry.intake.sink import Sink
from watchbill.telemetry.promql.storage import Labels
from watchbill.telemetry.scrape.fetch import FAILURES, Fetcher, FetchError, TooLargeError
from watchbill.telemetry.scrape.negotiate import accept, read_page
from watchbill.telemetry.scrape.page import PageError, Scraped, TargetSeries
from watchbill.telemetry.scrape.relabel import Relabeller
from watchbill.telemetry.scrape.settings import Job, ScrapeSettings, read_settings
from watchbill.telemetry.scrape.targets import Discovery, Target
from watchbill.telemetry.scrape.yamlfile import ConfigError
from watchbill.telemetry.store.head import Columns
from watchbill.telemetry.store.index import SeriesLimitError
from watchbill.telemetry.store.samples import OverloadError, SampleStore
from watchbill.telemetry.store.wal import LogFullError

log = logging.getLogger(__name__)

RECONCILE_SECONDS = 3.0
FIRST_SCRAPE_SECONDS = 2.0

Versions = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Fetched:
    """What a target answered, or why it did not; `size` is -1 when it was too large."""

    page: bytes = b""
    kind: str = ""
    error: str = ""
    seconds: float = 0.0
    size: int = 0


@dataclass
class TargetState:
    """A target under scrape, as `/api/v1/targets` shows it."""

    job: Job
    target: Target
    refused: str = ""
    partly_refused: bool = False
    health: str = "unknown"
    last_error: str = ""
    last_scrape: float = 0.0
    last_duration: float = 0.0
    task: "asyncio.Task[None] | None" = field(default=None, repr=False)

    def like(self, other: "TargetState") -> bool:
        """Whether both are scraped alike."""
        mine, others = (self.job, self.target), (other.job, other.target)
        return mine == others and self.refused == other.refused


class Scraper:
    """Scrapes what the configuration says, for as long as `run` runs."""

    def __init__(
        self,
        store: SampleStore,
        sink: Sink,
        config: Path,
        executor: Executor,
        seconds: Callable[[], float] = clock.seconds,
    ) -> None:
        self._store = store
        self._sink = sink
        self._config = config
        self._executor = executor
        self._seconds = seconds
        self._versions: Versions = ()
        self._settings = ScrapeSettings()
        self._fetchers: dict[str, tuple[Job, Fetcher]] = {}
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
            await self.discovery.http.aclose()
            for _, fetcher in self._fetchers.values():
                await fetcher.aclose()

    def _reload(self) -> None:
        """Read the configuration again if it changed; a wrong one leaves the old in force."""
        try:
            versions = _versions((self._config, *self._settings.files()))
            if versions == self._versions:
                return
            self._versions = versions
            self._settings = read_settings(self._config)
            self._versions = _versions((self._config, *self._settings.files()))
        except FileNotFoundError as error:
            if self._versions:
                self._refuse(f"{error.filename} is gone")
                self._versions = ()
        except (ConfigError, OSError) as error:
            self._refuse(str(error))
        else:
            self.config_error = None
            log.info("scrape configuration read: %d jobs", len(self._settings.jobs))

    def _refuse(self, problem: str) -> None:
        self.config_error = problem
        log.error("scrape configuration refused, the last good one stays in force: %s", problem)

    async def _reconcile(self) -> None:
        """Begin what is wanted and not under way, end what is no longer wanted."""
        jobs = self._settings.jobs
        await self.discovery.http.follow(source for job in jobs for source in job.sources)
        wanted: dict[tuple[str, str, Labels], TargetState] = {}
        dropped: list[Labels] = []
        for job in jobs:
            found = self.discovery.resolve(job)
            dropped += found.dropped
            for target in found.active:
                key = (job.name, target.url, target.labels)
                wanted[key] = TargetState(job, target, found.problem)
        self.dropped = dropped
        changed = [
            key
            for key, state in self.states.items()
            if key not in wanted or not state.like(wanted[key]) or _failed(state)
        ]
        ended = [self.states.pop(key) for key in changed]
        await _cancel(state.task for state in ended)
        for key, state in wanted.items():
            if key not in self.states:
                self.states[key] = state
                state.task = asyncio.create_task(self._follow(state))
        await self._close_fetchers()

    async def _close_fetchers(self) -> None:
        """Let go of connections of jobs that changed or went."""
        live = {job.name: job for job in self._settings.jobs}
        for name, (job, fetcher) in list(self._fetchers.items()):
            if live.get(name) != job:
                del self._fetchers[name]
                await fetcher.aclose()

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
            track_timestamps=job.track_timestamps,
            limits=job.limits,
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
        fetched = await self._fetch(state)
        error = await asyncio.get_running_loop().run_in_executor(
            self._executor, self._store_page, state, series, fetched, at_ms
        )
        state.health = "down" if error else "up"
        if error and error != state.last_error:
            log.warning("scrape of %s failed: %s", state.target.url, error)
        state.last_error, state.last_duration = error, fetched.seconds
        state.last_scrape = at_ms / 1000

    async def _fetch(self, state: TargetState) -> Fetched:
        job, target = state.job, state.target
        began = time.perf_counter()
        size, error = 0, state.refused
        if not error:
            headers = {
                "Accept": accept(job.protocols),
                "Accept-Encoding": "gzip" if job.compression else "identity",
                "X-Prometheus-Scrape-Timeout-Seconds": f"{target.timeout:g}",
            }
            try:
                async with asyncio.timeout(target.timeout):
                    page, kind = await self._fetcher(job).get(target.url, headers, job.body_limit)
                return Fetched(page, kind, "", time.perf_counter() - began, len(page))
            except TimeoutError:
                error = f"no answer within {target.timeout:g}s"
            except TooLargeError as failure:
                size, error = -1, f"{failure} (body_size_limit)"
            except (FetchError, *FAILURES) as failure:
                error = str(failure) or type(failure).__name__
        return Fetched(error=error, seconds=time.perf_counter() - began, size=size)

    def _store_page(
        self, state: TargetState, series: TargetSeries, fetched: Fetched, at_ms: int
    ) -> str:
        """Parse and store in the intake thread; returns what went wrong, if anything."""
        job, error = state.job, fetched.error
        scraped = Scraped(Columns.empty(), [], 0, 0, 0)
        try:
            if not error:
                page = read_page(fetched.page, fetched.kind, job, series.known)
                scraped = series.take(page, at_ms)
                written = self._sink.take(
                    Batch(scraped.samples, exemplars=scraped.exemplars, metadata=page.metadata),
                    "scrape",
                )
                _tell_refused(state, "; ".join(written.problems))
        except (
            ExpositionError, MalformedError, PageError, SeriesLimitError, UnicodeDecodeError
        ) as failure:  # fmt: skip
            error = str(failure)
        except (LogFullError, OverloadError) as failure:
            return f"not stored: {failure}"
        batch = [series.end(at_ms, target_gone=False)] if error else []
        report = {
            "up": 0.0 if error else 1.0,
            "scrape_duration_seconds": fetched.seconds,
            "scrape_samples_scraped": float(scraped.scraped),
            "scrape_samples_post_metric_relabeling": float(scraped.kept),
            "scrape_series_added": float(scraped.added),
        }
        if job.extra_metrics:
            report |= {
                "scrape_timeout_seconds": state.target.timeout,
                "scrape_sample_limit": float(job.limits.sample_limit),
                "scrape_body_size_bytes": float(fetched.size),
            }
        try:
            batch.append(series.report(report, at_ms))
        except SeriesLimitError as failure:
            error = error or str(failure)
        self._append(Columns.join(batch))
        return error

    def _append(self, samples: Columns) -> None:
        try:
            self._sink.take(Batch(samples), "scrape")
        except (LogFullError, OverloadError) as error:
            log.warning("scraped samples not stored: %s", error)

    def _fetcher(self, job: Job) -> Fetcher:
        known = self._fetchers.get(job.name)
        if known is not None and known[0] == job:
            return known[1]
        fetcher = Fetcher(job.http, job.timeout)
        self._fetchers[job.name] = (job, fetcher)
        return fetcher

    def _now_ms(self) -> int:
        return int(self._seconds() * 1000)


def _tell_refused(state: TargetState, problems: str) -> None:
    """Log that samples of a page are refused when that begins: the clock was set back, say."""
    if problems and not state.partly_refused:
        log.warning("of %s not every sample is stored: %s", state.target.url, problems)
    state.partly_refused = bool(problems)


def _failed(state: TargetState) -> bool:
    """Whether a target's task ended by a fault of ours; it is begun anew then."""
    if state.task is None or not state.task.done():
        return False
    log.error("scraping %s ended", state.target.url, exc_info=state.task.exception())
    return True


def _versions(files: Iterable[Path]) -> Versions:
    """What tells that a file has changed. Raises `OSError`."""
    stats = [file.stat() for file in files]
    return tuple((stat.st_mtime_ns, stat.st_ino, stat.st_size) for stat in stats)


async def _cancel(tasks: "Iterable[asyncio.Task[None] | None]") -> None:
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)

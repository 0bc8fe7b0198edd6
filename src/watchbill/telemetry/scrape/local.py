"""Sources inside this process, scraped without HTTP: the machine, and telemetry itself.

They are shown among the targets, with an address that says that nobody else can ask there.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

from watchbill.lib import clock
from watchbill.telemetry.intake.batch import Batch
from watchbill.telemetry.intake.exposition import Exposition
from watchbill.telemetry.intake.sink import Sink
from watchbill.telemetry.promql.storage import labels_of
from watchbill.telemetry.scrape.loop import TargetState
from watchbill.telemetry.scrape.page import TargetSeries
from watchbill.telemetry.scrape.relabel import Relabeller
from watchbill.telemetry.scrape.settings import Job
from watchbill.telemetry.scrape.targets import Target
from watchbill.telemetry.store.head import Columns
from watchbill.telemetry.store.index import SeriesLimitError
from watchbill.telemetry.store.samples import OverloadError, SampleStore
from watchbill.telemetry.store.wal import LogFullError

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 15.0


@dataclass(frozen=True)
class LocalSource:
    """Something that can say how it is; `labels` hold job and instance."""

    labels: Mapping[str, str]
    page: Callable[[], Exposition]


class LocalScraper:
    """Takes every source's page each `INTERVAL_SECONDS`, for as long as `run` runs.

    `states` are those of the sources, as `/api/v1/targets` shows them.
    """

    def __init__(
        self,
        store: SampleStore,
        sink: Sink,
        sources: list[LocalSource],
        executor: Executor,
    ) -> None:
        self._sink, self._executor = sink, executor
        self._sources = [
            (source, TargetSeries(store, labels_of(source.labels), Relabeller(())), _state(source))
            for source in sources
        ]
        self.states = [state for _, _, state in self._sources]

    async def run(self) -> None:
        """Scrape until cancelled."""
        due = time.monotonic()
        while True:
            for source, series, state in self._sources:
                began = time.perf_counter()
                state.last_error = await asyncio.get_running_loop().run_in_executor(
                    self._executor, self._take, source, series
                )
                state.health = "down" if state.last_error else "up"
                state.last_duration = time.perf_counter() - began
                state.last_scrape = clock.seconds()
            due = max(due + INTERVAL_SECONDS, time.monotonic())
            await asyncio.sleep(due - time.monotonic())

    def _take(self, source: LocalSource, series: TargetSeries) -> str:
        """Store a page in the intake thread; returns what went wrong, if anything."""
        at_ms = int(clock.seconds() * 1000)
        page = source.page()
        try:
            samples = series.take(page, at_ms).samples
            report = series.report({"up": 1.0}, at_ms)
            batch = Batch(Columns.join([samples, report]), metadata=page.metadata)
            self._sink.take(batch, "local")
        except (LogFullError, OverloadError, SeriesLimitError) as error:
            log.warning("metrics of %s not stored: %s", source.labels["job"], error)
            return f"not stored: {error}"
        return ""


def _state(source: LocalSource) -> TargetState:
    labels, job = labels_of(source.labels), source.labels["job"]
    found = labels_of({**source.labels, "__address__": "local"})
    target = Target(f"local:{job}", labels, found, INTERVAL_SECONDS, INTERVAL_SECONDS)
    return TargetState(Job(job, INTERVAL_SECONDS, INTERVAL_SECONDS), target)

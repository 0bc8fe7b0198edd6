"""Telemetry's stores with a clock that stands still, and routes called without a server."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from watchbill.telemetry.exemplars import Exemplars
from watchbill.telemetry.intake.metadata import MetadataBook
from watchbill.telemetry.intake.sink import Sink
from watchbill.telemetry.own import OwnMetrics
from watchbill.telemetry.promql.storage import METRIC_NAME, Matcher
from watchbill.telemetry.store.chunks import MemoryChunks
from watchbill.telemetry.store.samples import SampleStore

NOW = 1_700_000_000


@dataclass
class Stores:
    """What a request ends up in."""

    store: SampleStore
    exemplars: Exemplars
    metadata: MetadataBook
    own: OwnMetrics
    sink: Sink

    def last(self, metric: str) -> dict[str, float]:
        """The newest value of each series of a metric, by its other labels as text."""
        found = self.store.select([Matcher(METRIC_NAME, "=", metric)], 0, NOW * 2000)
        return {
            ",".join(f"{k}={v}" for k, v in labels if k != METRIC_NAME): float(values[-1])
            for labels, _, values in found.series()
        }


def open_stores(folder: Path, seconds: Callable[[], float] = lambda: float(NOW)) -> Stores:
    """Empty ones."""
    store = SampleStore(folder, MemoryChunks(), timedelta(days=30), seconds=seconds)
    store.open()
    exemplars, metadata, own = Exemplars(), MetadataBook(), OwnMetrics(store)
    return Stores(store, exemplars, metadata, own, Sink(store, exemplars, metadata, own))


class Client:
    """Posts to routes without a server."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._app = Starlette(routes=routes)

    def post(self, path: str, body: bytes, **headers: str) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.post(path, content=body, headers=headers)

        return asyncio.run(send())

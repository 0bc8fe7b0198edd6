"""HTTP discovery: addresses that answer with lists of targets, asked again and again.

Source: https://prometheus.io/docs/prometheus/latest/http_sd/
"""

import asyncio
import logging
from collections.abc import Iterable

import msgspec

from watchbill.telemetry.scrape.fetch import FAILURES, Fetcher, FetchError
from watchbill.telemetry.scrape.settings import HttpDiscovery, TargetGroup, address_problem

log = logging.getLogger(__name__)

MAX_BYTES = 16 << 20
TIMEOUT_SECONDS = 30.0


class _Group(msgspec.Struct):
    targets: list[str]
    labels: dict[str, str] = {}


_read = msgspec.json.Decoder(list[_Group]).decode


class HttpSources:
    """The latest answer of every address; one that fails leaves the answer before in force."""

    def __init__(self) -> None:
        self._tasks: dict[HttpDiscovery, asyncio.Task[None]] = {}
        self._groups: dict[HttpDiscovery, tuple[TargetGroup, ...]] = {}
        self.problems: dict[str, str] = {}

    def groups(self, source: HttpDiscovery) -> tuple[TargetGroup, ...]:
        """What an address listed last; nothing before its first answer."""
        return self._groups.get(source, ())

    async def follow(self, wanted: Iterable[HttpDiscovery]) -> None:
        """Ask these from now on, and no others."""
        chosen = set(wanted)
        for source in self._tasks.keys() - chosen:
            await self._stop(source)
        for source in chosen - self._tasks.keys():
            self._tasks[source] = asyncio.create_task(self._ask_again(source))

    async def aclose(self) -> None:
        """Ask nothing any more."""
        await self.follow(())

    async def _stop(self, source: HttpDiscovery) -> None:
        task = self._tasks.pop(source)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._groups.pop(source, None)
        self.problems.pop(source.shown, None)

    async def _ask_again(self, source: HttpDiscovery) -> None:
        fetcher = Fetcher(source.http, TIMEOUT_SECONDS)
        headers = {
            "Accept": "application/json",
            "X-Prometheus-Refresh-Interval-Seconds": f"{source.refresh:g}",
        }
        try:
            while True:
                try:
                    async with asyncio.timeout(TIMEOUT_SECONDS):
                        body, kind = await fetcher.get(source.url, headers, MAX_BYTES)
                    self._groups[source] = read_groups(body, kind)
                    self.problems.pop(source.shown, None)
                except TimeoutError:
                    self._failed(source, f"no answer within {TIMEOUT_SECONDS:g}s")
                except (FetchError, *FAILURES) as error:
                    self._failed(source, str(error) or type(error).__name__)
                await asyncio.sleep(source.refresh)
        finally:
            await fetcher.aclose()

    def _failed(self, source: HttpDiscovery, problem: str) -> None:
        if self.problems.get(source.shown) != problem:
            log.error("%s: the last good list stays in force: %s", source.shown, problem)
        self.problems[source.shown] = problem


def read_groups(body: bytes, kind: str) -> tuple[TargetGroup, ...]:
    """The target groups in an answer. Raises `FetchError`."""
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise FetchError(f"content type is {kind!r}, it must be application/json")
    try:
        groups = _read(body)
    except msgspec.DecodeError as error:
        raise FetchError(f"not a list of target groups: {error}") from None
    for group in groups:
        for address in group.targets:
            problem = address_problem(address)
            if problem:
                raise FetchError(problem)
    return tuple(TargetGroup(tuple(group.targets), group.labels) for group in groups)

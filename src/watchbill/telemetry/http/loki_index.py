"""What there is: labels, streams, sizes and patterns, as Loki's API tells them."""

from collections import Counter
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from watchbill.telemetry.http.answers import Parameters, success
from watchbill.telemetry.http.loki_parameters import (
    HOUR_NS,
    TIMEOUT_MS,
    as_loki,
    count,
    duration_ns,
    lines,
    matchers,
    span_ns,
)
from watchbill.telemetry.http.runner import QueryRunner
from watchbill.telemetry.logs.block import Asked
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.logs.logql.ast import LogQuery
from watchbill.telemetry.logs.patterns import Miner
from watchbill.telemetry.logs.search import entries
from watchbill.telemetry.promql.scope import Limits
from watchbill.telemetry.promql.storage import Labels, labels_of

LABELS_SPAN_NS = 6 * HOUR_NS
MAX_PATTERNS = 300
MAX_LINES_MINED = 50_000
"""Of more, a sample of about so many is looked at and the counts are scaled up."""
LEAST_BUCKET_SECONDS, MOST_BUCKETS = 10, 1_000


class _Api:
    def __init__(self, store: LogStore, runner: QueryRunner) -> None:
        self._store, self._runner = store, runner

    def present(self, query: LogQuery | None, start: int, end: int) -> list[Labels]:
        """The streams that have lines in a time."""
        streams = self._store.streams(query.matchers if query else ())
        found = self._store.present(Asked(list(streams), start, end))
        return [labels for one, labels in streams.items() if one in found]

    async def labels(self, request: Request) -> Response:
        """Names of labels of streams with lines in a time."""
        given = await Parameters.of(request)
        start, end = span_ns(given, LABELS_SPAN_NS)
        query = _selector(given)

        def work(_: Limits) -> Response:
            streams = self.present(query, start, end)
            return success(sorted({name for stream in streams for name, _ in stream}))

        return await self._runner.run(request, TIMEOUT_MS, work)

    async def values(self, request: Request) -> Response:
        """The values that a label takes."""
        given = await Parameters.of(request)
        start, end = span_ns(given, LABELS_SPAN_NS)
        query, wanted = _selector(given), request.path_params["name"]

        def work(_: Limits) -> Response:
            streams = self.present(query, start, end)
            pairs = (pair for stream in streams for pair in stream)
            return success(sorted({value for name, value in pairs if name == wanted}))

        return await self._runner.run(request, TIMEOUT_MS, work)

    async def series(self, request: Request) -> Response:
        """The label sets of streams."""
        given = await Parameters.of(request)
        start, end = span_ns(given, LABELS_SPAN_NS)
        asked: list[LogQuery | None] = [
            matchers(text) for text in (*given.all("match[]"), *given.all("match")) if text
        ]

        def work(_: Limits) -> Response:
            found = {
                stream for one in (asked or [None]) for stream in self.present(one, start, end)
            }
            return success([dict(stream) for stream in sorted(found)])

        return await self._runner.run(request, TIMEOUT_MS, work)

    async def stats(self, request: Request) -> Response:
        """How much the streams of a selector hold."""
        given = await Parameters.of(request)
        start, end = span_ns(given, HOUR_NS)
        query = lines(given.text("query"))

        def work(_: Limits) -> Response:
            asked = Asked(list(self._store.streams(query.matchers)), start, end)
            totals = self._store.totals(asked).values()
            body = {
                "streams": len(totals), "chunks": len(totals),
                "entries": sum(number for number, _ in totals),
                "bytes": sum(size for _, size in totals),
            }  # fmt: skip
            return Response(msgspec.json.encode(body), media_type="application/json")

        return await self._runner.run(request, TIMEOUT_MS, work)

    async def volume(self, request: Request) -> Response:
        """Bytes by label or by stream."""
        given = await Parameters.of(request)
        start, end = span_ns(given, HOUR_NS)
        query, limit = lines(given.text("query")), count(given, "limit", 100)
        targets = [name for name in (given.get("targetLabels") or "").split(",") if name]
        names = set(targets or [matcher.name for matcher in query.matchers])
        by_label = (given.get("aggregateBy") or "series") == "labels"

        def work(_: Limits) -> Response:
            streams = self._store.streams(query.matchers)
            sizes: Counter[Labels] = Counter()
            for one, (_number, size) in self._store.totals(
                Asked(list(streams), start, end)
            ).items():
                kept = {name: value for name, value in streams[one] if name in names}
                if by_label:
                    shown = targets or [name for name, _ in streams[one]]
                    sizes.update({((name, name),): size for name in shown})
                elif kept:
                    sizes[labels_of(kept)] += size
            result = [
                {"metric": {name: "" for name, _ in key} if by_label else dict(key),
                 "value": [end / 1e9, str(size)]}
                for key, size in sizes.most_common(limit)
            ]  # fmt: skip
            return success({"resultType": "vector", "result": result, "stats": {}})

        return await self._runner.run(request, TIMEOUT_MS, work)

    async def patterns(self, request: Request) -> Response:
        """Templates of the lines, with counts over time."""
        given = await Parameters.of(request)
        start, end = span_ns(given, HOUR_NS)
        query = lines(given.text("query"))
        least = max(LEAST_BUCKET_SECONDS, (end - start) // 10**9 // MOST_BUCKETS)
        step = max(duration_ns(given, "step", 0) // 10**9, least)

        def work(limits: Limits) -> Response:
            return success(mined(self._store, query, start, end, step, limits))

        return await self._runner.run(request, TIMEOUT_MS, work)


def routes(store: LogStore, runner: QueryRunner) -> list[Route]:
    """`labels`, `label/<name>/values`, `series`, `index/stats`, `index/volume`, `patterns`."""
    api = _Api(store, runner)
    both = ["GET", "POST"]
    return [
        Route("/loki/api/v1/labels", as_loki(api.labels), methods=both),
        Route("/loki/api/v1/label", as_loki(api.labels), methods=both),
        Route("/loki/api/v1/label/{name}/values", as_loki(api.values), methods=both),
        Route("/loki/api/v1/series", as_loki(api.series), methods=both),
        Route("/loki/api/v1/index/stats", as_loki(api.stats), methods=both),
        Route("/loki/api/v1/index/volume", as_loki(api.volume), methods=both),
        Route("/loki/api/v1/patterns", as_loki(api.patterns), methods=both),
    ]


def mined(
    store: LogStore, query: LogQuery, start: int, end: int, step: int, limits: Limits
) -> list[dict[str, Any]]:
    """The patterns of the lines that pass a query, with counts per `step` seconds."""
    totals = store.totals(Asked(list(store.streams(query.matchers)), start, end, query.filters))
    one_in = -(-sum(number for number, _ in totals.values()) // MAX_LINES_MINED) or 1
    miner = Miner(step)
    for entry in entries(
        store, query, start, end, newest_first=False, one_in=one_in, limits=limits
    ):
        miner.add(entry.t_ns, entry.line, one_in)
    found = list(miner.patterns().items())[:MAX_PATTERNS]
    return [{"pattern": text, "samples": list(counts.items())} for text, counts in found]


def _selector(given: Parameters) -> LogQuery | None:
    text = given.get("query")
    if text is None or text.replace(" ", "") == "{}":
        return None
    return lines(text)

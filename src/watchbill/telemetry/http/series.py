"""What there is to query: series, labels, metadata."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from watchbill.lib import clock
from watchbill.telemetry.http.answers import ApiError, Parameters, success
from watchbill.telemetry.intake.metadata import MetadataBook
from watchbill.telemetry.promql.errors import ParseError
from watchbill.telemetry.promql.parse import parse_selector
from watchbill.telemetry.promql.storage import Matcher
from watchbill.telemetry.store.samples import SampleStore


def routes(store: SampleStore, metadata: MetadataBook) -> list[Route]:
    """`series`, `labels`, `label/<name>/values`, `metadata`."""

    async def series(request: Request) -> Response:
        given = await Parameters.of(request)
        selectors = _selectors(given)
        if not selectors:
            raise ApiError("bad_data", "no match[] parameter provided")
        found = await run_in_threadpool(store.series, selectors, given.time_ms("start", 0))
        return success([dict(labels) for labels in found[: given.count("limit")]])

    async def labels(request: Request) -> Response:
        given = await Parameters.of(request)
        found = await run_in_threadpool(
            store.label_names, _selectors(given), given.time_ms("start", 0)
        )
        return success(found[: given.count("limit")])

    async def label_values(request: Request) -> Response:
        given = await Parameters.of(request)
        name = request.path_params["name"]
        found = await run_in_threadpool(
            store.label_values, name, _selectors(given), given.time_ms("start", 0)
        )
        return success(found[: given.count("limit")])

    async def families(request: Request) -> Response:
        given = await Parameters.of(request)
        wanted = given.get("metric")
        known = metadata.families()
        names = sorted(known if wanted is None else known.keys() & {wanted})
        return success(
            {
                name: [
                    {"type": known[name].type, "help": known[name].help, "unit": known[name].unit}
                ]
                for name in names[: given.count("limit")]
            }
        )

    async def cardinality(_: Request) -> Response:
        counts = store.index.cardinality()
        by_metric = counts.get("__name__", {})
        now_ms = int(clock.seconds() * 1000)
        return success(
            {
                "headStats": {
                    "numSeries": len(store.index),
                    "numLabelPairs": sum(map(len, counts.values())),
                    "chunkCount": 0,
                    "minTime": store.floor_ms,
                    "maxTime": now_ms,
                },
                "seriesCountByMetricName": _top(by_metric),
                "labelValueCountByLabelName": _top(
                    {name: len(values) for name, values in counts.items()}
                ),
                "memoryInBytesByLabelName": _top(
                    {name: sum(map(len, values)) for name, values in counts.items()}
                ),
                "seriesCountByLabelValuePair": _top(
                    {
                        f"{name}={value}": count
                        for name, values in counts.items()
                        for value, count in values.items()
                    }
                ),
            }
        )

    return [
        Route("/api/v1/series", series, methods=["GET", "POST"]),
        Route("/api/v1/labels", labels, methods=["GET", "POST"]),
        Route("/api/v1/label/{name}/values", label_values),
        Route("/api/v1/metadata", families),
        Route("/api/v1/status/tsdb", cardinality),
    ]


def _top(counts: "dict[str, int] | object", limit: int = 10) -> list[dict[str, object]]:
    assert isinstance(counts, dict)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"name": name, "value": count} for name, count in ranked[:limit]]


def _selectors(given: Parameters) -> list[Sequence[Matcher]]:
    try:
        return [parse_selector(text).matchers for text in given.all("match[]")]
    except ParseError as error:
        raise ApiError("bad_data", f'invalid parameter "match[]": {error}') from error

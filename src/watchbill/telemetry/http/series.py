"""What there is to query: series, label names and values, metadata, cardinality.

https://prometheus.io/docs/prometheus/latest/querying/api/#querying-metadata
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from watchbill.lib import clock
from watchbill.telemetry.http.answers import ApiError, Parameters, capped, success
from watchbill.telemetry.http.query import timeout_ms
from watchbill.telemetry.http.runner import QueryRunner
from watchbill.telemetry.intake.metadata import MetadataBook
from watchbill.telemetry.promql.errors import ParseError
from watchbill.telemetry.promql.parse import parse_selector
from watchbill.telemetry.promql.storage import Matcher
from watchbill.telemetry.store.samples import SampleStore

Span = tuple[int, int]
"""From when to when, in ms."""

_TOP = 10
_NO_MATCHER = "match[] must contain at least one non-empty matcher"
_ESCAPED = re.compile(r"_([0-9a-fA-F]+)_|__|[a-zA-Z0-9:]+")


def routes(store: SampleStore, metadata: MetadataBook, lookups: QueryRunner) -> list[Route]:
    """`series`, `labels`, `label/<name>/values`, `metadata`, `status/tsdb`."""

    async def series(request: Request) -> Response:
        given = await Parameters.of(request)
        chosen = selectors(given)
        if not chosen:
            raise ApiError("bad_data", "no match[] parameter provided")
        found = await _look_up(request, given, lambda span: store.names.series(chosen, *span))
        return capped([dict(labels) for labels in found], given.count("limit"))

    async def labels(request: Request) -> Response:
        given = await Parameters.of(request)
        chosen = selectors(given)
        found = await _look_up(request, given, lambda span: store.names.label_names(chosen, *span))
        return capped(found, given.count("limit"))

    async def label_values(request: Request) -> Response:
        given = await Parameters.of(request)
        name, chosen = unescape(request.path_params["name"]), selectors(given)
        found = await _look_up(
            request, given, lambda span: store.names.label_values(name, chosen, *span)
        )
        return capped(found, given.count("limit"))

    async def _look_up(
        request: Request, given: Parameters, find: Callable[[Span], Sequence[Any]]
    ) -> Sequence[Any]:
        start, end = given.time_ms("start", 0), given.time_ms("end", _now_ms())
        if end < start:
            raise ApiError("bad_data", "end timestamp must not be before start time")
        return await lookups.run(request, timeout_ms(given, lookups), lambda _: find((start, end)))

    async def families(request: Request) -> Response:
        given = await Parameters.of(request)
        wanted = given.get("metric")
        known = metadata.families()
        names = sorted(known if wanted is None else known.keys() & {wanted})
        return success({
            name: [{"type": known[name].type, "help": known[name].help, "unit": known[name].unit}]
            for name in names[: given.metadata_limit()]
        })  # fmt: skip

    async def cardinality(request: Request) -> Response:
        given = await Parameters.of(request)
        top = given.count("limit") or _TOP
        return success(
            await lookups.run(
                request, timeout_ms(given, lookups), lambda _: _cardinality(store, top)
            )
        )

    return [
        Route("/api/v1/series", series, methods=["GET", "POST"]),
        Route("/api/v1/labels", labels, methods=["GET", "POST"]),
        Route("/api/v1/label/{name}/values", label_values),
        Route("/api/v1/metadata", families),
        Route("/api/v1/status/tsdb", cardinality),
    ]


def selectors(given: Parameters) -> list[Sequence[Matcher]]:
    """The matchers of each `match[]`. Raises `ApiError`."""
    try:
        return [parse_selector(text).matchers for text in given.all("match[]")]
    except ParseError as error:
        told = _NO_MATCHER if "non-empty matcher" in error.message else str(error)
        raise ApiError("bad_data", f'invalid parameter "match[]": {told}') from error


def unescape(name: str) -> str:
    """A label name as a path holds it: `U__http_2e_status` is `http.status`.

    https://prometheus.io/docs/instrumenting/escaping_schemes/
    """
    if not name.startswith("U__"):
        return name
    inside, out, at = name[3:], "", 0
    while at < len(inside):
        match = _ESCAPED.match(inside, at)
        if match is None:
            raise _invalid(name)
        if match[0] == "__":
            out += "_"
        elif match[1] is not None:
            point = int(match[1], 16)
            if point > 0x10FFFF or 0xD800 <= point < 0xE000:
                raise _invalid(name)
            out += chr(point)
        else:
            out += match[0]
        at = match.end()
    return out


def _invalid(name: str) -> ApiError:
    return ApiError("bad_data", f'invalid label name: "{name}"')


def _now_ms() -> int:
    return int(clock.seconds() * 1000)


def _cardinality(store: SampleStore, top: int) -> dict[str, object]:
    counts = store.cardinality()
    return {
        "headStats": {
            "numSeries": len(store.index),
            "numLabelPairs": sum(map(len, counts.values())),
            "chunkCount": 0,
            "minTime": store.floor_ms,
            "maxTime": _now_ms(),
        },
        "seriesCountByMetricName": _top(counts.get("__name__", {}), top),
        "labelValueCountByLabelName": _top(
            {name: len(values) for name, values in counts.items()}, top
        ),
        "memoryInBytesByLabelName": _top(
            {name: sum(map(len, values)) for name, values in counts.items()}, top
        ),
        "seriesCountByLabelValuePair": _top(
            {
                f"{name}={value}": count
                for name, values in counts.items()
                for value, count in values.items()
            },
            top,
        ),
    }


def _top(counts: Mapping[str, int], limit: int) -> list[dict[str, object]]:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"name": name, "value": count} for name, count in ranked[:limit]]

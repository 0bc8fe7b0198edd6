"""Loki's HTTP API, as far as it goes: `push` and `query_range` of log lines."""

import zlib
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from watchbill.lib import clock
from watchbill.telemetry.http.answers import ApiError, Parameters, success
from watchbill.telemetry.http.bodies import RETRY, BodyQueue
from watchbill.telemetry.http.runner import QueryRunner
from watchbill.telemetry.intake.protobuf import MalformedError
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.logs.logql import LogqlError, parse_logql
from watchbill.telemetry.logs.push import read_json, read_protobuf
from watchbill.telemetry.promql.scope import Limits
from watchbill.telemetry.store.index import SeriesLimitError
from watchbill.telemetry.store.wal import LogFullError

DEFAULT_LIMIT, MAX_LIMIT = 100, 5_000
MAX_JSON_BYTES = 64 << 20
HOUR_NS = 3_600_000_000_000


def routes(store: LogStore, runner: QueryRunner, queue: BodyQueue) -> list[Route]:
    """`push` and `query_range`."""

    async def push(request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        encoding = request.headers.get("content-encoding", "identity").lower()
        if kind not in ("application/json", "application/x-protobuf"):
            return PlainTextResponse(f"content type {kind!r} is not supported", 415)

        def take(body: bytes) -> Response:
            try:
                if kind == "application/json":
                    store.append(read_json(_plain(body, encoding)))
                else:
                    store.append(read_protobuf(body))
            except (MalformedError, SeriesLimitError) as error:
                return PlainTextResponse(str(error), 400)
            except LogFullError as error:
                return PlainTextResponse(str(error), 503, RETRY)
            return Response(status_code=204)

        return await queue.take(request, take)

    async def query_range(request: Request) -> Response:
        given = await Parameters.of(request)
        try:
            query = parse_logql(given.text("query"))
        except LogqlError as error:
            raise ApiError("bad_data", f"parse error : {error}") from None
        now_ns = int(clock.seconds() * 1e9)
        end = _time_ns(given, "end", now_ns)
        start = _time_ns(given, "start", end - HOUR_NS)
        limit = min(given.count("limit") or DEFAULT_LIMIT, MAX_LIMIT)
        newest_first = (given.get("direction") or "backward").lower() != "forward"

        def work(_: Limits) -> Response:
            streams: dict[Any, list[list[str]]] = {}
            for labels, t_ns, line in store.select(
                query, start, end, limit, newest_first=newest_first
            ):
                streams.setdefault(labels, []).append([str(t_ns), line])
            return success({
                "resultType": "streams",
                "result": [
                    {"stream": dict(labels), "values": values}
                    for labels, values in streams.items()
                ],
                "stats": {},
            })  # fmt: skip

        return await runner.run(request, 30_000, work)

    return [
        Route("/loki/api/v1/push", push, methods=["POST"]),
        Route("/loki/api/v1/query_range", query_range, methods=["GET", "POST"]),
    ]


def _time_ns(given: Parameters, name: str, default: int) -> int:
    """Loki's times: nanoseconds as a whole number of more than ten digits, else as Prometheus's."""
    value = given.get(name)
    if value is not None and value.isdigit() and len(value) > 10:
        return int(value)
    return given.time_ms(name, default // 1_000_000) * 1_000_000 if value is not None else default


def _plain(body: bytes, encoding: str) -> bytes:
    """Undo gzip. Raises `MalformedError`, also when it unpacks to too much."""
    if encoding in ("identity", ""):
        return body
    if encoding != "gzip":
        raise MalformedError(f"content encoding {encoding!r} is not supported")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, MAX_JSON_BYTES)
    except zlib.error as error:
        raise MalformedError(f"gzip: {error}") from None
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise MalformedError("gzip: cut off, or too large when unpacked")
    return plain

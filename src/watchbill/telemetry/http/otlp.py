"""OTLP/HTTP: metrics and logs of OpenTelemetry, in protobuf or JSON.

Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from google.protobuf import json_format  # type: ignore[import-untyped]
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from watchbill.lib import clock
from watchbill.telemetry.http.bodies import RETRY, BodyQueue, unpacked
from watchbill.telemetry.intake.messages import Messages
from watchbill.telemetry.intake.otlp import metrics as otlp_metrics
from watchbill.telemetry.intake.otlp.request import MAX_PLAIN_BYTES
from watchbill.telemetry.intake.protobuf import MalformedError
from watchbill.telemetry.intake.sink import Sink
from watchbill.telemetry.logs import otlp as otlp_logs
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.logs.push import Line
from watchbill.telemetry.own import OwnMetrics
from watchbill.telemetry.store.index import SeriesLimitError
from watchbill.telemetry.store.samples import OverloadError, SampleStore
from watchbill.telemetry.store.wal import LogFullError

JSON, PROTOBUF = "application/json", "application/x-protobuf"
INVALID_ARGUMENT, UNAVAILABLE = 3, 14
"""Codes of `google.rpc.Status`, in which errors are told."""

_STATUS = Messages("watchbill.rpc", {"Status": "int32 code = 1; string message = 2"})


Take = Callable[[bytes, bool], Any]
"""From a plain body, in JSON or not, to the message of the answer."""


class Otlp:
    """Takes requests of OTLP."""

    def __init__(
        self, store: SampleStore, sink: Sink, logs: LogStore, own: OwnMetrics, queue: BodyQueue
    ) -> None:
        self._store, self._sink, self._own, self._queue = store, sink, own, queue
        # A store of lines may refuse some: its words for it then begin with how many.
        self._store_lines: Callable[[Sequence[Line]], str | None] = logs.append

    async def metrics(self, request: Request) -> Response:
        """Metrics: 200 when the log holds what was not refused; 400, 415, 429, 503 else."""
        return await self._post(request, self._take_metrics)

    async def logs(self, request: Request) -> Response:
        """Logs likewise."""
        return await self._post(request, self._take_logs)

    def _take_metrics(self, body: bytes, json: bool) -> Any:
        batch, points = otlp_metrics.read_metrics(body, self._store.intern, json=json)
        written = self._sink.take(batch, "otlp")
        answer = otlp_metrics.Response()
        if written.problems:
            answer.partial_success.rejected_data_points = min(written.refused, points)
            answer.partial_success.error_message = "; ".join(written.problems)
        return answer

    def _take_logs(self, body: bytes, json: bool) -> Any:
        now_ns = int(clock.seconds() * 1e9)
        refusal = self._store_lines(otlp_logs.read_logs(body, now_ns, json=json))
        answer = otlp_logs.Response()
        if refusal:
            count = refusal.partition(" ")[0]
            answer.partial_success.rejected_log_records = int(count) if count.isdigit() else 1
            answer.partial_success.error_message = refusal
        return answer

    async def _post(self, request: Request, take: Take) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in (JSON, PROTOBUF):
            problem = f"content type {kind!r} is not supported, send {PROTOBUF} or {JSON}"
            return _failure(415, INVALID_ARGUMENT, problem, PROTOBUF)
        encoding = request.headers.get("content-encoding", "").lower()
        return await self._queue.take(
            request,
            lambda body: self._answer(take, body, kind, encoding),
            lambda status, reason, headers: _failure(
                status, UNAVAILABLE if status == 429 else INVALID_ARGUMENT, reason, kind, headers
            ),
        )

    def _answer(self, take: Take, body: bytes, kind: str, encoding: str) -> Response:
        try:
            done = take(unpacked(body, encoding, MAX_PLAIN_BYTES), kind == JSON)
        except (MalformedError, SeriesLimitError) as error:
            self._own.refused_bodies += 1
            return _failure(400, INVALID_ARGUMENT, str(error), kind)
        except OverloadError as error:
            return _failure(429, UNAVAILABLE, str(error), kind, RETRY)
        except LogFullError as error:
            return _failure(503, UNAVAILABLE, str(error), kind, RETRY)
        if kind == JSON:
            return Response(json_format.MessageToJson(done, indent=None), media_type=JSON)
        return Response(done.SerializeToString(), media_type=PROTOBUF)


def routes(
    store: SampleStore, sink: Sink, logs: LogStore, own: OwnMetrics, queue: BodyQueue
) -> list[Route]:
    """`/otlp/v1/metrics` (also where Prometheus has it) and `/otlp/v1/logs`."""
    otlp = Otlp(store, sink, logs, own, queue)
    return [
        Route("/otlp/v1/metrics", otlp.metrics, methods=["POST"]),
        Route("/api/v1/otlp/v1/metrics", otlp.metrics, methods=["POST"]),
        Route("/otlp/v1/logs", otlp.logs, methods=["POST"]),
    ]


def _failure(
    status: int, code: int, message: str, kind: str, headers: Mapping[str, str] | None = None
) -> Response:
    if kind == JSON:
        content = msgspec.json.encode({"code": code, "message": message})
    else:
        content = _STATUS.write("Status", code=code, message=message)
    return Response(content, status, dict(headers or {}), kind)

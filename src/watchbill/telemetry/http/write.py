"""Samples in by HTTP: remote write 1.0 and 2.0, and the import of history."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from watchbill.telemetry.http.bodies import RETRY, BodyQueue
from watchbill.telemetry.intake.protobuf import MalformedError
from watchbill.telemetry.intake.remote_write import RemoteWriteDecoder
from watchbill.telemetry.intake.remote_write_v2 import RemoteWriteV2Decoder
from watchbill.telemetry.intake.sink import Sink, Written
from watchbill.telemetry.own import OwnMetrics
from watchbill.telemetry.store.index import SeriesLimitError
from watchbill.telemetry.store.samples import OverloadError, SampleStore
from watchbill.telemetry.store.wal import LogFullError

V1, V2 = "prometheus.writerequest", "io.prometheus.write.v2.request"


class Intake:
    """Takes remote-write bodies."""

    def __init__(self, store: SampleStore, sink: Sink, own: OwnMetrics, queue: BodyQueue) -> None:
        self._store, self._sink, self._own, self._queue = store, sink, own, queue
        self._generation = store.generation
        self._v1 = RemoteWriteDecoder(store.intern)
        self._v2 = RemoteWriteV2Decoder(store.intern)

    async def write(self, request: Request) -> Response:
        """Remote write: 204 when the log holds everything; 400, 415, 429, 503 else."""
        return await self._take(request, backfill=False)

    async def backfill(self, request: Request) -> Response:
        """The same body, for history: any age within the retention, in any order."""
        return await self._take(request, backfill=True)

    async def _take(self, request: Request, *, backfill: bool) -> Response:
        message = _message(request.headers)
        unsupported = _unsupported(request.headers, message)
        if unsupported is not None:
            return PlainTextResponse(unsupported, 415)
        return await self._queue.take(
            request, lambda body: self._store_body(body, message == V2, backfill)
        )

    def _store_body(self, body: bytes, v2: bool, backfill: bool) -> Response:
        if self._generation != self._store.generation:
            self._generation = self._store.generation
            self._v1.forget()
            self._v2.forget()
        written = Written()
        status, problem, more = 204, "", {}
        try:
            batch = (self._v2 if v2 else self._v1).decode(body)
            written = self._sink.take(batch, "remote_write", backfill=backfill)
            if written.problems:  # what was good is stored; the rest must not be sent again
                status, problem = 400, "; ".join(written.problems)
        except (MalformedError, SeriesLimitError) as error:
            self._own.refused_bodies += 1
            status, problem = 400, str(error)
        except OverloadError as error:
            status, problem, more = 429, str(error), RETRY
        except LogFullError as error:
            status, problem, more = 503, str(error), RETRY
        headers = {**more, **_stored(written)} if v2 else more
        if problem:
            return PlainTextResponse(problem, status, headers)
        return Response(status_code=status, headers=headers)


def routes(intake: Intake) -> list[Route]:
    """`write` and `import`."""
    return [
        Route("/api/v1/write", intake.write, methods=["POST"]),
        Route("/api/v1/import", intake.backfill, methods=["POST"]),
    ]


def _stored(written: Written) -> dict[str, str]:
    """The headers by which a 2.0 sender learns what is stored, in every answer."""
    name = "X-Prometheus-Remote-Write-{}-Written"
    return {
        name.format("Samples"): str(written.samples),
        name.format("Histograms"): str(written.histograms),
        name.format("Exemplars"): str(written.exemplars),
    }


def _message(headers: Mapping[str, str]) -> str | None:
    """The message that the content type names, in lower case; None when it is no protobuf."""
    given = headers.get("content-type") or "application/x-protobuf"
    kind, *parameters = (part.strip().lower() for part in given.split(";"))
    if kind != "application/x-protobuf":
        return None
    named = (part.partition("=") for part in parameters)
    return next((value.strip('" ') for name, _, value in named if name.strip() == "proto"), V1)


def _unsupported(headers: Mapping[str, str], message: str | None) -> str | None:
    if message not in (V1, V2):
        return (
            f"content type {headers.get('content-type')!r} is not supported, send "
            "application/x-protobuf with proto=prometheus.WriteRequest or "
            "proto=io.prometheus.write.v2.Request"
        )
    encoding = headers.get("content-encoding", "snappy").lower()
    if encoding != "snappy":
        return f"content encoding {encoding!r} is not supported, send snappy"
    return None

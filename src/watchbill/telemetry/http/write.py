"""Samples in by HTTP: remote write, and the import of history."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from watchbill.telemetry.http.bodies import RETRY, BodyQueue
from watchbill.telemetry.intake.metadata import MetadataBook
from watchbill.telemetry.intake.protobuf import MalformedError
from watchbill.telemetry.intake.remote_write import RemoteWriteDecoder
from watchbill.telemetry.own import OwnMetrics
from watchbill.telemetry.store.index import SeriesLimitError
from watchbill.telemetry.store.samples import OverloadError, SampleStore
from watchbill.telemetry.store.wal import LogFullError


class Intake:
    """Takes remote-write bodies."""

    def __init__(
        self, store: SampleStore, metadata: MetadataBook, own: OwnMetrics, queue: BodyQueue
    ) -> None:
        self._store, self._metadata, self._own = store, metadata, own
        self._queue = queue
        self._decoder = RemoteWriteDecoder(store.intern)

    async def write(self, request: Request) -> Response:
        """Remote write 1.0: 204 when the log holds everything; 400, 415, 429, 503 else."""
        return await self._take(request, backfill=False)

    async def backfill(self, request: Request) -> Response:
        """The same body, for history: any age within the retention, in any order."""
        return await self._take(request, backfill=True)

    async def _take(self, request: Request, *, backfill: bool) -> Response:
        unsupported = _unsupported(request)
        if unsupported is not None:
            return PlainTextResponse(unsupported, 415)
        return await self._queue.take(request, lambda body: self._store_body(body, backfill))

    def _store_body(self, body: bytes, backfill: bool) -> Response:
        try:
            decoded = self._decoder.decode(body)
            verdict = self._store.append(decoded.samples, backfill=backfill)
        except (MalformedError, SeriesLimitError) as error:
            self._own.refused_bodies += 1
            return PlainTextResponse(str(error), 400)
        except OverloadError as error:
            return PlainTextResponse(str(error), 429, RETRY)
        except LogFullError as error:
            return PlainTextResponse(str(error), 503, RETRY)
        self._metadata.update(decoded.metadata)
        self._own.count_samples("remote_write", verdict.taken, verdict.refused)
        problems = [str(verdict)] if verdict.refused else []
        if decoded.histograms:
            problems.append(f"native histograms are not stored ({decoded.histograms} refused)")
        if problems:  # what was good is stored; the sender must not come again with the rest
            return PlainTextResponse("; ".join(problems), 400)
        return Response(status_code=204)


def routes(intake: Intake) -> list[Route]:
    """`write` and `import`."""
    return [
        Route("/api/v1/write", intake.write, methods=["POST"]),
        Route("/api/v1/import", intake.backfill, methods=["POST"]),
    ]


def _unsupported(request: Request) -> str | None:
    kind = request.headers.get("content-type", "application/x-protobuf").replace(" ", "").lower()
    if kind not in (
        "application/x-protobuf",
        "application/x-protobuf;proto=prometheus.writerequest",
    ):
        return f"content type {kind!r} is not supported, send application/x-protobuf"
    encoding = request.headers.get("content-encoding", "snappy").lower()
    if encoding != "snappy":
        return f"content encoding {encoding!r} is not supported, send snappy"
    return None

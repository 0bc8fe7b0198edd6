"""Bodies of intake requests: read within a limit, worked on in the one intake thread, in turn."""

import asyncio
import zlib
from collections.abc import Callable
from concurrent.futures import Executor

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from watchbill.telemetry.intake.protobuf import MalformedError

MAX_BYTES = 32 << 20
MAX_WAITING = 64
RETRY = {"Retry-After": "5"}


class BodyQueue:
    """The queue of the intake thread; beyond `MAX_WAITING` senders are told to come back."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._waiting = 0

    async def take(self, request: Request, work: Callable[[bytes], Response]) -> Response:
        """Read the body and do `work` with it in the intake thread."""
        if self._waiting >= MAX_WAITING:
            return PlainTextResponse("too many writes are waiting", 429, RETRY)
        self._waiting += 1
        try:
            body = await _read(request)
            if body is None:
                return PlainTextResponse(f"body is larger than {MAX_BYTES} bytes", 413)
            return await asyncio.get_running_loop().run_in_executor(self._executor, work, body)
        except ClientDisconnect:
            return Response(status_code=400)
        finally:
            self._waiting -= 1


async def _read(request: Request) -> bytes | None:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo a content encoding: gzip or none. Raises `MalformedError`, also for bombs."""
    if encoding in ("identity", ""):
        if len(body) > limit:
            raise MalformedError(f"body is larger than {limit} bytes")
        return body
    if encoding != "gzip":
        raise MalformedError(f"content encoding {encoding!r} is not supported, send gzip or none")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, limit)
    except zlib.error as error:
        raise MalformedError(f"gzip: {error}") from None
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise MalformedError(f"gzip: cut off, or larger than {limit} bytes when unpacked")
    return plain

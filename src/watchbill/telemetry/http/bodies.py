"""Bodies of intake requests: read within a limit, worked on in the one intake thread, in turn."""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Executor

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from watchbill.telemetry.intake.protobuf import MalformedError

MAX_BYTES = 32 << 20
MAX_WAITING = 64
MAX_WAITING_BYTES = 256 << 20
"""Of all bodies that are being read or wait."""
READ_SECONDS = 30.0
"""How long a sender may take for one body; a slow one would keep a place from the others."""
RETRY = {"Retry-After": "5"}

Refuse = Callable[[int, str, Mapping[str, str]], Response]
"""From status, reason and headers to an answer in the sender's protocol."""


class RefusedError(Exception):
    """A body that is not taken: status, reason, headers."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status, self.headers = status, headers or {}


def in_plain_text(status: int, reason: str, headers: Mapping[str, str]) -> Response:
    """A refusal as Prometheus and Loki give it."""
    return PlainTextResponse(reason, status, dict(headers))


class BodyQueue:
    """The queue of the intake thread; beyond what may wait, senders are told to come back."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._waiting = self._waiting_bytes = 0

    async def take(
        self,
        request: Request,
        work: Callable[[bytes], Response],
        refuse: Refuse = in_plain_text,
    ) -> Response:
        """Read the body and do `work` with it in the intake thread."""
        if self._waiting >= MAX_WAITING:
            return refuse(429, "too many writes are waiting", RETRY)
        self._waiting += 1
        parts: list[bytes] = []
        body = b""
        try:
            async with asyncio.timeout(READ_SECONDS):
                await self._read(request, parts)
            body = b"".join(parts)
            parts.clear()
            return await asyncio.get_running_loop().run_in_executor(self._executor, work, body)
        except RefusedError as error:
            return refuse(error.status, str(error), error.headers)
        except TimeoutError:
            return refuse(408, f"the body did not arrive within {READ_SECONDS:g} s", {})
        except ClientDisconnect:
            return Response(status_code=400)
        finally:
            self._waiting -= 1
            self._waiting_bytes -= len(body) + sum(map(len, parts))

    async def _read(self, request: Request, parts: list[bytes]) -> None:
        size = 0
        told = request.headers.get("content-length", "")
        if told.isdecimal() and len(told) < 20 and int(told) > MAX_BYTES:
            raise RefusedError(413, f"body is larger than {MAX_BYTES} bytes")
        async for part in request.stream():
            size += len(part)
            if size > MAX_BYTES:
                raise RefusedError(413, f"body is larger than {MAX_BYTES} bytes")
            if self._waiting_bytes + len(part) > MAX_WAITING_BYTES:
                raise RefusedError(429, "too many bytes of writes are waiting", RETRY)
            parts.append(part)
            self._waiting_bytes += len(part)


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

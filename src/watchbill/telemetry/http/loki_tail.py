"""Live tail by WebSocket: lines as they come, in the form of Loki's `tail`."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from watchbill.lib import clock
from watchbill.telemetry.http.answers import ApiError, Parameters
from watchbill.telemetry.http.loki_parameters import HOUR_NS, count, duration_ns, lines, time_ns
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.logs.logql.ast import LogQuery
from watchbill.telemetry.logs.search import Found, find
from watchbill.telemetry.logs.tail import Dropped, Tail
from watchbill.telemetry.promql.errors import EvalError
from watchbill.telemetry.promql.scope import Limits
from watchbill.telemetry.store.chunks import ChunkStoreError

MAX_TAILS = 10
MAX_LIMIT = 5_000
MAX_DELAY_NS = 5_000_000_000
GATHER_SECONDS = 0.1
"""How long lines are gathered, so that a busy stream makes few messages."""
HISTORY_SECONDS = 30.0


class _Refused(Exception):
    """A tail that is not begun: HTTP status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def routes(store: LogStore) -> list[WebSocketRoute]:
    """`tail`."""
    running: set[Tail] = set()

    async def tail(socket: WebSocket) -> None:
        try:
            given = Parameters.of_query(socket.url.query)
            query = lines(given.text("query"))
            limit = min(count(given, "limit", 100), MAX_LIMIT)
            start = time_ns(given, "start", int(clock.seconds() * 1e9) - HOUR_NS)
            delay = min(max(duration_ns(given, "delay_for", 0), 0), MAX_DELAY_NS) / 1e9
            if len(running) >= MAX_TAILS:
                raise _Refused(
                    429, "max concurrent tail requests limit exceeded, count > limit "
                    f"({len(running) + 1} > {MAX_TAILS})",
                )  # fmt: skip
        except ApiError as error:
            await socket.send_denial_response(PlainTextResponse(str(error), 400))
            return
        except _Refused as error:
            await socket.send_denial_response(PlainTextResponse(str(error), error.status))
            return
        loop, came = asyncio.get_running_loop(), asyncio.Event()
        one = Tail(query, lambda: _wake(loop, came))
        running.add(one)
        store.listeners.append(one.put)  # before the past is read, so that nothing falls between
        try:
            await socket.accept()
            gone = asyncio.create_task(_until_gone(socket))
            serving = asyncio.create_task(
                _serve(socket, store, query, one, came, start, limit, delay)
            )
            done, rest = await asyncio.wait([gone, serving], return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
            await asyncio.gather(*done, *rest, return_exceptions=True)
        finally:
            store.listeners.remove(one.put)
            running.discard(one)

    return [WebSocketRoute("/loki/api/v1/tail", tail)]


def _wake(loop: asyncio.AbstractEventLoop, came: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # closed: the process is ending
        loop.call_soon_threadsafe(came.set)


async def _until_gone(socket: WebSocket) -> None:
    """Readers say nothing; what they send is passed over."""
    try:
        while True:
            await socket.receive_text()
    except (WebSocketDisconnect, KeyError):
        return


async def _serve(
    socket: WebSocket,
    store: LogStore,
    query: LogQuery,
    tail: Tail,
    came: asyncio.Event,
    start: int,
    limit: int,
    delay: float,
) -> None:
    gone = threading.Event()
    limits = Limits(deadline=time.monotonic() + HISTORY_SECONDS, canceled=gone.is_set)
    end = int(clock.seconds() * 1e9) + HOUR_NS

    def past() -> list[Found]:
        return find(store, query, start, end, limit, newest_first=True, limits=limits)

    try:
        found = await asyncio.to_thread(past)
    except (EvalError, ChunkStoreError) as error:
        await socket.close(1011, str(error)[:120])
        return
    finally:
        gone.set()  # else the thread would look on for one who left, and hold up the end
    shown = set(found)
    await _send(socket, found[::-1], ())
    while True:
        await came.wait()
        await asyncio.sleep(max(GATHER_SECONDS, delay))
        came.clear()
        fresh, dropped = await asyncio.to_thread(tail.take)
        fresh = [one for one in fresh if one not in shown]
        shown = set()
        await _send(socket, fresh, dropped)


async def _send(socket: WebSocket, found: Sequence[Found], dropped: Sequence[Dropped]) -> None:
    if not found and not dropped:
        return
    streams: dict[Any, list[tuple[str, str]]] = {}
    for labels, t_ns, line in sorted(found, key=lambda one: one.t_ns):
        streams.setdefault(labels, []).append((str(t_ns), line))
    message: dict[str, Any] = {
        "streams": [
            {"stream": dict(labels), "values": values} for labels, values in streams.items()
        ]
    }
    if dropped:
        message["dropped_entries"] = [
            {"labels": dict(one.labels), "timestamp": str(one.t_ns)} for one in dropped
        ]
    await socket.send_text(msgspec.json.encode(message).decode())

"""Bodies of writes: within limits of size, time and number, refused in the sender's protocol."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from watchbill.telemetry.http import bodies
from watchbill.telemetry.http.bodies import BodyQueue

Receive = Callable[[], Any]


def request(receive: Receive, **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": raw}
    return Request(scope, receive)


async def for_ever() -> dict[str, Any]:
    await asyncio.sleep(60)
    return {}


def once(body: bytes) -> Receive:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def taken(body: bytes) -> Response:
    return Response(str(len(body)))


async def answer(queue: BodyQueue, asked: Request) -> tuple[int, str]:
    got = await queue.take(asked, taken)
    return got.status_code, bytes(got.body).decode()


@pytest.fixture
def queue() -> BodyQueue:
    return BodyQueue(ThreadPoolExecutor(1))


def test_a_slow_sender_loses_its_place(queue: BodyQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "READ_SECONDS", 0.05)
    told = asyncio.run(answer(queue, request(for_ever)))
    assert told == (408, "the body did not arrive within 0.05 s")
    assert asyncio.run(answer(queue, request(once(b"abc")))) == (200, "3")


def test_a_body_that_says_it_is_too_large_is_not_read(queue: BodyQueue) -> None:
    told = asyncio.run(answer(queue, request(for_ever, content_length=str(bodies.MAX_BYTES + 1))))
    assert told == (413, f"body is larger than {bodies.MAX_BYTES} bytes")


def test_bodies_that_wait_are_limited_together(
    queue: BodyQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "MAX_WAITING_BYTES", 10)

    async def both() -> tuple[int, int, int]:
        came = asyncio.Event()

        async def half() -> dict[str, Any]:
            if came.is_set():
                await asyncio.sleep(0.05)
                return {"type": "http.request", "body": b"", "more_body": False}
            came.set()
            return {"type": "http.request", "body": b"12345678", "more_body": True}

        first = asyncio.create_task(queue.take(request(half), taken))
        await came.wait()
        await asyncio.sleep(0)
        second = await queue.take(request(once(b"123")), taken)
        done = await first
        third = await queue.take(request(once(b"1234567890")), taken)
        return done.status_code, second.status_code, third.status_code

    assert asyncio.run(both()) == (200, 429, 200)

"""What goes on behind a live tail when its reader leaves."""

import asyncio
import threading
from typing import Any

import pytest

from watchbill.telemetry.http import loki_tail
from watchbill.telemetry.logs.logql.parse import parse_lines
from watchbill.telemetry.logs.tail import Tail
from watchbill.telemetry.promql.scope import Limits


def test_who_leaves_ends_the_look_into_the_past(monkeypatch: pytest.MonkeyPatch) -> None:
    began, ended = threading.Event(), threading.Event()

    def find(*_: Any, limits: Limits, **__: Any) -> list[Any]:
        began.set()
        while limits.canceled is not None and not limits.canceled():
            ended.wait(0.01)
        ended.set()
        return []

    async def leave() -> None:
        nothing: Any = None
        query = parse_lines('{app="a"}')
        tail = Tail(query, lambda: None)
        serving = asyncio.create_task(
            loki_tail._serve(nothing, nothing, query, tail, asyncio.Event(), 0, 1, 0.0)
        )
        await asyncio.to_thread(began.wait, 5)
        serving.cancel()
        assert await asyncio.to_thread(ended.wait, 5)

    monkeypatch.setattr(loki_tail, "find", find)
    asyncio.run(leave())

"""Live pages: server-sent events over the tail of the `Event` table.

One thread per process follows the table and hands new topics to every open stream. A stream sends
only topics; the page then fetches what its reader may see. Streams take threads, so their number is
capped; beyond it a page is told to poll instead.
"""

import io
import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.core.handlers.wsgi import WSGIRequest
from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
)

from watchbill.lib import clock
from watchbill.lib.numbers import whole
from watchbill.web.models import Event

log = logging.getLogger(__name__)

CHANNEL = "watchbill_live"
KEEP = timedelta(hours=1)
THREADS_KEPT_FOR_PAGES = 32
LOOK_EVERY = 0.25  # seconds
MOST_TOPICS = 50  # of one page
STILL_THERE_EVERY = 15.0  # seconds
Topics = frozenset[str]
News = tuple[int, str]


def publish(*topics: str) -> None:
    """Say that something about `topics` changed. Call it in the transaction of the change."""
    Event.objects.bulk_create(Event(topic=topic) for topic in topics)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")


def sweep() -> int:
    """Drop events older than an hour; how many."""
    return Event.objects.filter(at__lt=clock.now() - KEEP).delete()[0]


def after(last: int, topics: Topics) -> tuple[int, list[str]]:
    """The newest event's number, and which of `topics` changed after `last`."""
    newest = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
    changed = Event.objects.filter(id__gt=last, topic__in=topics).values_list("topic", flat=True)
    return newest, sorted(set(changed.distinct()))


class Tail:
    """Follows the table in one thread and feeds the streams of this process."""

    def __init__(self) -> None:
        self.streams: dict[queue.SimpleQueue[News | None], Topics] = {}
        self.lock = threading.Lock()
        self.started = False

    def join(self, topics: Topics) -> "queue.SimpleQueue[News | None] | None":
        """A queue of news about `topics`, or None when there are too many streams."""
        with self.lock:
            if len(self.streams) >= max(1, settings.WEB_THREADS - THREADS_KEPT_FOR_PAGES):
                return None
            if not self.started:
                threading.Thread(target=self._follow, name="live-tail", daemon=True).start()
                self.started = True
            news: queue.SimpleQueue[News | None] = queue.SimpleQueue()
            self.streams[news] = topics
            return news

    def leave(self, news: "queue.SimpleQueue[News | None]") -> None:
        """The stream ended."""
        with self.lock:
            self.streams.pop(news, None)

    def close(self) -> None:
        """End every stream (the process stops)."""
        with self.lock:
            for news in self.streams:
                news.put(None)

    def _follow(self) -> None:
        seen: list[int] = []
        last = 0
        wait = _waiter()
        while True:
            try:
                if last == 0:
                    last = Event.objects.order_by("-id").values_list("id", flat=True).first() or 1
                wait()
                # Numbers may become visible out of order, so look a little way back too.
                fresh = [
                    (number, topic)
                    for number, topic in Event.objects.filter(id__gt=last - 200)
                    .order_by("id")
                    .values_list("id", "topic")
                    if number > last or (seen and number > seen[0] and number not in seen)
                ]
                if fresh:
                    last = max(last, fresh[-1][0])
                    seen = sorted({*seen, *(number for number, _ in fresh)})[-1000:]
                    self._hand_out(fresh)
            except DatabaseError as error:
                log.warning("live updates wait for the database: %s", error)
                time.sleep(2)
                close_old_connections()
                wait = _waiter()

    def _hand_out(self, fresh: list[News]) -> None:
        with self.lock:
            for news, topics in self.streams.items():
                for number, topic in fresh:
                    if topic in topics:
                        news.put((number, topic))


def _waiter() -> Callable[[], None]:
    """A function that returns when there may be news."""
    if connection.vendor == "postgresql":
        return _wait_for_notify
    version = -1

    def look() -> None:
        nonlocal version
        while True:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA data_version")
                now = cursor.fetchone()[0]
            if now != version:
                version = now
                return
            time.sleep(LOOK_EVERY)

    return look


def _wait_for_notify() -> None:
    connection.ensure_connection()
    raw: Any = connection.connection
    raw.execute(f"LISTEN {CHANNEL}")
    for _ in raw.notifies(timeout=STILL_THERE_EVERY, stop_after=1):
        return


TAIL = Tail()


def stream(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI branch behind `/live?topics=a,b`: needs a signed-in session, sends topics only."""
    asked = parse_qs(environ.get("QUERY_STRING", "")).get("topics", [""])[0]
    topics = frozenset(t for t in asked.split(",") if t)
    if not 0 < len(topics) <= MOST_TOPICS:
        start_response("400 Bad Request", [("Content-Type", "text/plain")])
        return [b"topics: 1 to %d, with commas" % MOST_TOPICS]
    try:
        signed_in = _signed_in(environ)
    except (OperationalError, InterfaceError) as error:
        log.warning("live updates wait for the database: %s", error)
        return _later(start_response, b"the database is away")
    if not signed_in:
        start_response("401 Unauthorized", [("Content-Type", "text/plain")])
        return [b"sign in first"]
    news = TAIL.join(topics)
    if news is None:
        return _later(start_response, b"too many live streams: poll /live/poll")
    start_response(
        "200 OK",
        [
            ("Content-Type", "text/event-stream"),
            ("Cache-Control", "no-store"),
            ("X-Accel-Buffering", "no"),
        ],
    )
    return _events(news, topics, whole(environ.get("HTTP_LAST_EVENT_ID", "")))


def _later(start_response: Callable[..., Any], why: bytes) -> list[bytes]:
    headers = [("Content-Type", "text/plain"), ("Retry-After", "60")]
    start_response("503 Service Unavailable", headers)
    return [why]


def _events(
    news: "queue.SimpleQueue[News | None]", topics: Topics, last: int | None
) -> Iterator[bytes]:
    try:
        yield b"retry: 2000\n\n"
        if last is not None:
            newest, missed = after(last, topics)
            close_old_connections()
            for topic in missed:
                yield _event(newest, topic)
        while True:
            try:
                item = news.get(timeout=STILL_THERE_EVERY)
            except queue.Empty:
                yield b": still there\n\n"
                continue
            if item is None:
                return
            yield _event(*item)
    finally:
        TAIL.leave(news)


def _event(number: int, topic: str) -> bytes:
    return f"id: {number}\nevent: topic\ndata: {json.dumps({'topic': topic})}\n\n".encode()


def _signed_in(environ: dict[str, Any]) -> bool:
    close_old_connections()  # as Django does for a page: this thread's may have died since
    request = WSGIRequest({**environ, "wsgi.input": io.BytesIO()})
    request.session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    return bool(get_user(request).is_authenticated)

"""Pages that follow topics: one stream for all tabs, polling without it, nobody disturbed."""

import json
import queue
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.web.conftest import Answer, Query, Site

pytestmark = pytest.mark.browser
Look = Callable[..., Page]


class Room:
    """A page whose text the test changes, and the stream that tells of it."""

    def __init__(self, site: Site) -> None:
        self.lines = ["first"]
        self.streams: list[tuple[str, queue.SimpleQueue[bytes]]] = []
        self.before = self.after = ""
        site.page("/room", self.main)
        site.answers["/live"] = self.stream

    def main(self) -> str:
        lines = "".join(f'<p id="l{at}">{line}</p>' for at, line in enumerate(self.lines))
        inside = f"{self.before}{lines}{self.after}"
        return f'<section id="lines" data-live="incident:42">{inside}</section>'

    def stream(self, query: Query) -> Answer:
        news: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.streams.append((query["topics"][0], news))

        def events() -> Iterator[bytes]:
            yield b"retry: 100\n\n"
            while True:
                yield news.get()

        return "200 OK", "text/event-stream", events()

    def publish(self, number: int, topic: str = "incident:42") -> None:
        event = f"id: {number}\nevent: topic\ndata: {json.dumps({'topic': topic})}\n\n"
        for _, news in self.streams:
            news.put(event.encode())

    def wait_for_stream(self, count: int = 1) -> None:
        until = time.monotonic() + 10
        while len(self.streams) < count:
            assert time.monotonic() < until, "no stream was opened"
            time.sleep(0.05)


@pytest.fixture
def room(site: Site) -> Room:
    return Room(site)


def test_a_change_shows_by_itself_and_only_its_own_topics_count(look: Look, room: Room) -> None:
    page = look("/room")
    room.wait_for_stream()
    assert room.streams[0][0] == "incident:42"
    room.lines.append("second")
    room.publish(1, "incident:43")
    page.wait_for_timeout(500)
    expect(page.locator("#lines p")).to_have_count(1)
    room.publish(2)
    expect(page.locator("#lines p")).to_have_text(["first", "second"])


def test_two_tabs_share_one_stream(look: Look, room: Room) -> None:
    page = look("/room")
    room.wait_for_stream()
    other = page.context.new_page()
    other.goto("/room")
    other.wait_for_timeout(800)
    assert len(room.streams) == 1
    room.lines.append("second")
    room.publish(1)
    for tab in (page, other):
        tab.bring_to_front()
        expect(tab.locator("#lines p")).to_have_count(2)


def test_it_waits_while_somebody_types(look: Look, room: Room) -> None:
    room.after = '<form><input name="note" aria-label="Note"></form>'
    page = look("/room")
    room.wait_for_stream()
    page.get_by_label("Note").fill("half a senten")
    room.lines.append("second")
    room.publish(1)
    page.wait_for_timeout(1200)
    expect(page.get_by_label("Note")).to_have_value("half a senten")
    expect(page.locator("#lines p")).to_have_count(1)
    page.get_by_label("Note").fill("")
    page.get_by_label("Note").blur()
    expect(page.locator("#lines p")).to_have_count(2)


def test_what_lies_under_the_pointer_stays_there(look: Look, room: Room) -> None:
    room.lines = [f"line {at}" for at in range(80)]
    page = look("/room")
    room.wait_for_stream()
    target = page.locator("#l10")
    target.hover()
    before = target.bounding_box()
    room.before = '<p id="new">new<br>on two lines</p>'
    room.publish(1)
    page.wait_for_selector("#new")
    after = target.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 2


def test_where_no_stream_is_left_it_polls(look: Look, site: Site, room: Room) -> None:
    site.answers["/live"] = lambda _: ("503 Service Unavailable", "text/plain", [b""])
    asked: list[Query] = []

    def poll(query: Query) -> dict[str, object]:
        asked.append(query)
        return {"last": 7, "topics": ["incident:42"] if "after" in query else []}

    site.json("/live/poll", poll)
    page = look("/room")
    room.lines.append("second")
    expect(page.locator("#lines p")).to_have_count(2, timeout=15_000)
    assert asked[0]["topics"] == ["incident:42"]
    assert asked[-1]["after"] == ["7"]

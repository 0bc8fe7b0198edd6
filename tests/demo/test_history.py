"""The month is sent oldest first, no faster than asked, and goes on where it was stopped."""

import http.server
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from tests.demo import wire_format
from tests.demo.conftest import Starter, wait_for

from watchbill.demo import history, remote_write
from watchbill.demo.episodes import DAY, DAYS
from watchbill.demo.place import Place


class Receiver(http.server.ThreadingHTTPServer):
    """Takes remote write, keeps the span of each body; `fail` is the status it answers instead."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Take)
        self.spans: list[tuple[int, int]] = []
        self.samples = 0
        self.tokens: set[str] = set()
        self.fail = 0
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api/v1/write"


class Take(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.server.fail:
            series = wire_format.read(body)
            times = [at for samples in series.values() for at, _ in samples]
            self.server.spans.append((min(times), max(times)))
            self.server.samples += len(times)
            self.server.tokens.add(self.headers["Authorization"])
        self.send_response(self.server.fail or 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.shutdown()
    receiver.server_close()


@pytest.fixture
def place(tmp_path) -> Place:
    place = Place.under(tmp_path)
    place.create()
    return place


@pytest.fixture
def two_days_left(place: Place) -> history.Progress:
    """As if all but the last two days had been sent."""
    progress = history.Progress.of(place)
    progress.sent = progress.end - 2 * DAY
    progress.keep(place)
    return progress


def test_it_begins_thirty_days_ago_and_remembers_where_it_ends(place: Place):
    progress = history.Progress.of(place)
    assert progress.end - progress.sent == DAYS * DAY
    assert abs(progress.end - time.time()) < 120
    progress.keep(place)
    assert history.Progress.of(place) == progress


def test_all_of_it_arrives_once_oldest_first(place: Place, receiver: Receiver, two_days_left):
    sent = history.fill(place, receiver.url, "secret", rate=10**9)
    first = two_days_left.sent
    assert receiver.spans == [
        ((first + hour * 3600) * 1000, (first + hour * 3600 + 3540) * 1000) for hour in range(48)
    ]
    assert receiver.samples == sent > 200_000
    assert receiver.tokens == {"Bearer secret"}
    assert history.Progress.of(place).sent == two_days_left.end
    assert history.fill(place, receiver.url, "secret") == 0, "it is there, nothing is sent again"


def test_it_keeps_to_its_rate(place: Place, receiver: Receiver, two_days_left):
    two_days_left.sent = two_days_left.end - 4 * 3600
    two_days_left.keep(place)
    begun = time.monotonic()
    sent = history.fill(place, receiver.url, "", rate=10_000)
    assert sent / (time.monotonic() - begun) <= 10_500


def test_a_busy_receiver_is_asked_again_and_a_refusal_ends_it(
    place: Place, receiver: Receiver, two_days_left
):
    receiver.fail = 503
    threading.Timer(1, setattr, (receiver, "fail", 0)).start()
    history.fill(place, receiver.url, "", rate=10**9)
    assert len(receiver.spans) == 48
    two_days_left.keep(place)
    receiver.fail = 401
    with pytest.raises(remote_write.Refused, match="401"):
        history.fill(place, receiver.url, "", rate=10**9)
    assert history.Progress.of(place).sent == two_days_left.sent, "nothing counts as sent"


@pytest.mark.server
def test_a_killed_filling_goes_on_where_it_was(
    place: Place, receiver: Receiver, two_days_left, tmp_path
):
    (tmp_path / "token").write_text("secret\n")
    argv = [sys.executable, "-m", "watchbill.demo.history", "--data", str(tmp_path),
            "--to", receiver.url, "--token-file", str(tmp_path / "token")]  # fmt: skip
    reading, writing = os.pipe()
    lifeline = ["--rate", "20000", "--lifeline", str(reading)]
    first = subprocess.Popen([*argv, *lifeline], pass_fds=(reading,))
    os.close(reading)
    wait_for(lambda: len(receiver.spans) > 20, 20, "twenty hours arrive")
    first.kill()
    first.wait()
    os.close(writing)
    done = subprocess.run(
        [*argv, "--rate", "100000000"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    begins = [begin for begin, _ in receiver.spans]
    again = len(begins) - len(set(begins))
    assert again <= 1, "at most the body under way is sent again"
    assert begins == sorted(begins)
    assert len(set(begins)) == 48
    assert receiver.tokens == {"Bearer secret"}


@pytest.mark.server
def test_the_supervisor_fills_the_history_once(start: Starter, receiver: Receiver, tmp_path):
    place = Place.under(tmp_path)
    place.create()
    progress = history.Progress.of(place)
    progress.sent = progress.end - 3 * 3600
    progress.keep(place)
    example = start(tmp_path, more=("--history-to", receiver.url))
    wait_for(lambda: example.shop.state()["history"]["held"] == "finished", 20, "it is filled")
    assert len(receiver.spans) == 3
    time.sleep(1)
    assert len(receiver.spans) == 3

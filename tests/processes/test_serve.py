"""`watchbill serve`, for real: processes are killed, ports and folders must come free."""

import contextlib
import os
import signal
import socket
import stat
import threading
import time
from pathlib import Path

import httpx
import pytest
from tests.processes.installation import Installation, free_port, until

pytestmark = [pytest.mark.server, pytest.mark.timeout(120)]
CHILDREN = ["telemetry", "web", "work"]


def test_starts_and_stops(running: Installation) -> None:
    assert running.answers()
    assert sorted(running.state()) == CHILDREN
    assert all(child["restarts"] == 0 for child in running.state().values())
    assert running.stop() == 0
    assert running.processes() == []


def test_only_the_owner_can_read_the_data_folder(running: Installation) -> None:
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    assert mode(running.data) == 0o700
    for secret in ("secret-key", "telemetry-token"):
        assert mode(running.data / secret) == 0o600


def test_keeps_its_keys_when_started_again(running: Installation) -> None:
    def keys() -> list[str]:
        return [(running.data / name).read_text() for name in ("secret-key", "telemetry-token")]

    before = keys()
    running.stop()
    running.serve()
    assert keys() == before


def test_a_second_serve_on_the_folder_is_refused(running: Installation) -> None:
    assert running.process
    begun = time.monotonic()
    second = running.command("serve", WATCHBILL_LISTEN=f"127.0.0.1:{free_port()}")
    assert second.returncode == 1
    assert str(running.data) in second.stderr
    assert f"in use by process {running.process.pid}" in second.stderr
    assert "Traceback" not in second.stderr
    assert time.monotonic() - begun < 5
    assert running.answers()


def test_a_taken_port_is_refused_with_the_setting_to_change(installation: Installation) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", installation.web))
        other.listen()
        refused = installation.command("serve")
    assert refused.returncode == 1
    assert "WATCHBILL_LISTEN" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_open_connection_does_not_hold_up_the_stop(running: Installation) -> None:
    with socket.create_connection(("127.0.0.1", running.web)) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        assert running.stop() == 0
    assert "killed" not in running.log()


def test_open_live_streams_do_not_hold_up_the_stop(running: Installation) -> None:
    with running.signed_in() as browser, contextlib.ExitStack() as streams:
        for _ in range(3):
            live = streams.enter_context(browser.stream("GET", "/live?topics=now"))
            assert live.status_code == 200
            assert next(live.iter_raw())
        begun = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - begun < 3, "it ended by its limit, not in good order"


def test_health_is_shown_to_people_and_says_what_was_restarted(running: Installation) -> None:
    with running.signed_in() as browser:
        old = running.pid("telemetry")
        assert old
        os.kill(old, signal.SIGKILL)
        until("telemetry runs again", lambda: running.pid("telemetry") not in (old, None))
        until("everything answers", running.answers)
        page = browser.get("/settings/health")
    assert page.status_code == 200
    assert "SIGKILL" in page.text
    assert str(running.data) in page.text


@pytest.mark.parametrize("name", CHILDREN)
def test_a_killed_process_comes_back(running: Installation, name: str) -> None:
    old = running.pid(name)
    assert old
    others = {child: running.pid(child) for child in CHILDREN if child != name}
    os.kill(old, signal.SIGKILL)
    until(f"{name} runs again", lambda: running.pid(name) not in (old, None))
    until("everything answers", running.answers)
    assert running.state()[name]["restarts"] == 1
    assert "SIGKILL" in str(running.state()[name]["last_exit"])
    assert {child: running.pid(child) for child in others} == others


def test_nobody_survives_a_killed_supervisor(running: Installation) -> None:
    assert running.process
    running.process.kill()
    running.process.wait()
    until("everybody has gone", lambda: not running.processes(), seconds=6)
    running.serve()
    assert running.answers()


def test_the_next_serve_waits_for_the_leftovers_of_a_killed_one(running: Installation) -> None:
    assert running.process
    running.process.kill()
    running.process.wait()
    running.serve()
    assert running.answers()
    assert all(child["restarts"] == 0 for child in running.state().values())


def test_restarts_wait_longer_each_time(running: Installation) -> None:
    waits = []
    for _ in range(3):
        pid = running.pid("work")
        assert pid
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        until("work runs again", lambda pid=pid: running.pid("work") not in (pid, None))  # type: ignore[misc]
        waits.append(time.monotonic() - killed)
    assert waits[2] > 0.8 > waits[0]
    assert running.state()["work"]["restarts"] == 3


def test_stops_while_a_page_is_being_served(running: Installation) -> None:
    """A slow reader must not hold up the stop either."""
    stop = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{running.web}") as client:
            while not stop.is_set():
                try:
                    client.get("/healthz")
                except httpx.HTTPError:
                    return

    reader = threading.Thread(target=ask)
    reader.start()
    try:
        assert running.stop() == 0
    finally:
        stop.set()
        reader.join()

"""`watchbill serve`, for real: processes are killed, ports and folders must come free."""

import contextlib
import os
import re
import signal
import socket
import stat
import time
from pathlib import Path

import httpx
import pytest
from tests.processes.installation import Installation, free_port, until

pytestmark = [pytest.mark.server, pytest.mark.timeout(240)]
CHILDREN = ["telemetry", "web", "work"]


# ── while it runs ──


def test_all_processes_run_and_answer(shared: Installation) -> None:
    assert shared.answers()
    assert sorted(shared.state()) == CHILDREN
    assert all(shared.pid(name) for name in CHILDREN)


def test_only_the_owner_can_read_the_data_folder(shared: Installation) -> None:
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    assert mode(shared.data) == 0o700
    files = [path for path in shared.data.iterdir() if path.is_file()]
    assert {path.name for path in files} >= {"secret-key", "telemetry-token", "watchbill.sqlite3"}
    assert {mode(path) for path in files} == {0o600}


def test_a_second_serve_on_the_folder_is_refused(shared: Installation) -> None:
    assert shared.process
    begun = time.monotonic()
    second = shared.command("serve", WATCHBILL_LISTEN=f"127.0.0.1:{free_port()}")
    assert second.returncode == 1
    assert str(shared.data) in second.stderr
    assert f"in use by process {shared.process.pid}" in second.stderr
    assert "Traceback" not in second.stderr
    assert time.monotonic() - begun < 5
    assert shared.answers()


@pytest.mark.parametrize("name", CHILDREN)
def test_a_killed_process_comes_back_alone(shared: Installation, name: str) -> None:
    before = {child: shared.pid(child) for child in CHILDREN}
    restarts = int(shared.state()[name]["restarts"])
    killed = before.pop(name)
    assert killed
    os.kill(killed, signal.SIGKILL)
    until(f"{name} runs again", lambda: shared.pid(name) not in (killed, None))
    until("everything answers", shared.answers, seconds=60)
    assert shared.state()[name]["restarts"] == restarts + 1
    assert "SIGKILL" in shared.state()[name]["last_exit"]
    assert {child: shared.pid(child) for child in before} == before


def test_health_says_what_was_restarted_and_why(shared: Installation) -> None:
    with shared.signed_in() as browser:
        page = browser.get("/settings/health")
    assert page.status_code == 200
    assert page.text.count("SIGKILL") == 3
    assert str(shared.data) in page.text


def test_restarts_wait_longer_each_time(shared: Installation) -> None:
    waits = []
    for _ in range(3):
        pid = shared.pid("work")
        assert pid
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        until("its end was seen", lambda pid=pid: shared.pid("work") != pid)  # type: ignore[misc]
        until("it runs again", lambda: shared.pid("work"))
        waits.append(time.monotonic() - killed)
    assert waits == sorted(waits)
    assert waits[2] > 0.8  # 0.2 s, doubled twice at least


# ── stop ──


def test_stops_in_time_with_open_streams_and_starts_again_with_its_keys(
    running: Installation,
) -> None:
    def keys() -> list[str]:
        return [(running.data / name).read_text() for name in ("secret-key", "telemetry-token")]

    before = keys()
    with running.signed_in() as browser, contextlib.ExitStack() as open_ones:
        for _ in range(3):
            live = open_ones.enter_context(browser.stream("GET", "/live?topics=now"))
            assert live.status_code == 200
            assert next(live.iter_raw())
        idle = open_ones.enter_context(socket.create_connection(("127.0.0.1", running.web)))
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(4096).startswith(b"HTTP/1.1 200")
        assert running.stop() == 0
    assert "did not stop by itself" not in running.log()
    assert running.processes() == []
    running.serve()
    assert keys() == before


def test_stops_in_time_while_it_starts(installation: Installation) -> None:
    installation.start()
    until("its first children run", lambda: len(installation.processes()) >= 3)
    assert installation.stop() == 0
    assert installation.processes() == []


# ── kill ──


def test_nobody_survives_a_killed_supervisor_and_the_next_serve_waits_for_them(
    running: Installation,
) -> None:
    assert running.process
    running.process.kill()
    running.process.wait()
    running.serve()  # at once: the old processes still end
    assert running.answers()
    assert all(child["restarts"] == 0 for child in running.state().values())

    running.process.kill()
    running.process.wait()
    until("everybody has gone", lambda: not running.processes(), seconds=6)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{running.web}/healthz")


# ── not started ──


def test_a_taken_port_is_refused_with_the_setting_to_change(installation: Installation) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", installation.web))
        other.listen()
        refused = installation.command("serve")
    assert refused.returncode == 1
    assert "WATCHBILL_LISTEN" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_button_on_the_first_page_starts_the_example(installation: Installation) -> None:
    installation.serve()
    link = installation.command("first-run").stdout.strip()
    with httpx.Client(base_url=f"http://127.0.0.1:{installation.web}") as client:
        form = client.get(link).text
        csrf = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', form)
        assert csrf
        said = {"csrfmiddlewaretoken": csrf[1], "key": link.partition("key=")[2]}
        answer = client.post("/first-run", data={**said, "instead": "example"})
        assert "starts" in answer.text
        until("somebody of the example can sign in",
              lambda: "/sign-in/as/junior" in client.get("/sign-in").text, 90)  # fmt: skip
    assert installation.pid("demo")

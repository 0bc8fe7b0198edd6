"""`watchbill serve`: starts the processes on one data folder and keeps them running.

It imports neither Django nor the engine, so that it stays small and nothing of theirs can take it
down. Each child inherits two descriptors: its lifeline, whose end tells it that this process is
gone, and the lock of the data folder, which is free again only when the last child has ended.
"""

import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from watchbill import folder, settings
from watchbill.demo.place import TEAM
from watchbill.lib import clock, files

BACK_OFF = (0.2, 30.0)  # seconds before the first restart in a row, and at most
HEALTHY = 60.0  # seconds after which earlier failures are forgiven
GRACE = 4.5  # seconds from the request to stop until what still runs is killed
PATIENCE = 60.0  # seconds until we say what we are still waiting for
AWAY = 75  # the exit status of `watchbill migrate` when the database does not answer (EX_TEMPFAIL)

log = logging.getLogger(__name__)


@dataclass
class Child:
    """A process to keep running: how it is started, how one sees it is ready, how it fared."""

    name: str
    command: list[str]
    ready_at: str = ""  # a URL that answers below 500 once the process is ready
    ready: bool = False
    running: subprocess.Popen[bytes] | None = None
    since: str = ""
    restarts: int = 0
    last_exit: str = ""
    failures: int = field(default=0, repr=False)
    started: float = field(default=0.0, repr=False)
    due: float = field(default=0.0, repr=False)


def run(*, demo: bool) -> int:
    """Serve until SIGTERM or SIGINT; the exit status. Raises FolderError when it cannot start."""
    begun = time.monotonic()
    held = folder.lock(settings.DATA)
    for setting, address in _addresses():
        _claim(setting, *address)
    return Supervisor(held, demo=demo, begun=begun).run()


class Supervisor:
    """Starts, watches, restarts and stops the children. One thread, driven by signals."""

    def __init__(self, lock: int, *, demo: bool, begun: float) -> None:
        self.begun = begun
        self.demo = demo
        self.demo_wanted = demo
        self.mark = settings.DATA / "run" / "example"  # there while the example is shown
        self.children: list[Child] = []
        self.stop = ""  # the signal by which we were asked to
        self.lifeline, self._held_lifeline = os.pipe()
        self.inherited = (self.lifeline, lock)
        self.environment = {
            **os.environ,
            "WATCHBILL_DATA": str(settings.DATA),
            "WATCHBILL_LIFELINE": str(self.lifeline),
            # Threads share two heaps instead of having one each: a third less memory.
            "MALLOC_ARENA_MAX": "2",
        }
        self._signals, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(self._signals, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._asked_to_stop)
        signal.signal(signal.SIGINT, self._asked_to_stop)
        signal.signal(signal.SIGHUP, self._asked_for_the_example)

    def run(self) -> int:
        """The whole life: telemetry while the database is migrated, then the rest, then watch."""
        try:
            if settings.TELEMETRY_EMBEDDED:
                self._start(Child("telemetry", _python("telemetry"), f"{_telemetry()}/-/ready"))
            link = self._migrate()
            if link is None:
                return 0 if self.stop else 1
            self._start(Child("web", _python("web"), f"{_web()}/readyz"))
            self._start(Child("work", _python("work")))
            self.mark.unlink(missing_ok=True)
            self._start_example_if_wanted()
            self._wait_until_ready()
            if not self.stop:
                self._greet(link)
            while not self.stop:
                self._watch()
                self._start_example_if_wanted()
                self._sleep(min((c.due for c in self.children if not c.running), default=None))
        finally:
            self._stop_all()
        return 0

    def _start_example_if_wanted(self) -> None:
        if self.demo_wanted and not any(child.name == "demo" for child in self.children):
            self.demo = True
            self.mark.touch(mode=0o600)
            self._start(Child("demo", self._demo_command()))

    def _demo_command(self) -> list[str]:
        command = [sys.executable, "-m", "watchbill.demo.run", "--data", str(settings.DATA)]
        command += ["--lifeline", str(self.lifeline)]
        if settings.TELEMETRY_EMBEDDED:  # into nobody else's store do we write thirty days
            command += ["--history-to", f"{_telemetry()}/api/v1/import"]
            command += ["--token-file", str(settings.DATA / "telemetry-token")]
        return command

    def _asked_for_the_example(self, *_: object) -> None:
        self.demo_wanted = True

    def _asked_to_stop(self, number: int, _: object) -> None:
        self.stop = signal.Signals(number).name

    def _sleep(self, until: float | None) -> None:
        """Until the monotonic time `until`, or a signal: a child ended, or we are to stop."""
        wait = None if until is None else max(0.0, until - time.monotonic())
        if not self.stop:
            select.select([self._signals], [], [], wait)
        with suppress(BlockingIOError):
            os.read(self._signals, 4096)

    # ── one child ──

    def _start(self, child: Child) -> None:
        if child not in self.children:
            self.children.append(child)
        child.running = self._spawn(child.command)
        child.started, child.since = time.monotonic(), clock.now().isoformat()
        child.ready = not child.ready_at
        self._write_state()

    def _spawn(self, command: list[str], stdout: int | None = None) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C in a terminal reaches this process only, which then stops
        # the others in good order; and what a child started itself can be ended with it.
        return subprocess.Popen(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            pass_fds=self.inherited,
            start_new_session=True,
        )

    def _watch(self) -> None:
        """Note who ended, and start again who is due."""
        for child in self.children:
            if child.running and (status := child.running.poll()) is not None:
                self._ended(child, status)
            if not child.running and child.due <= time.monotonic() and not self.stop:
                child.restarts += 1
                self._start(child)
                log.info("Started %s again (restart %d).", child.name, child.restarts)

    def _ended(self, child: Child, status: int) -> None:
        assert child.running
        _end_group(child.running.pid)
        ran = time.monotonic() - child.started
        if ran >= HEALTHY:
            child.failures = 0
        first, most = BACK_OFF
        wait = min(first * 2.0**child.failures, most)
        child.failures += 1
        child.running, child.ready = None, False
        child.due = time.monotonic() + wait
        child.last_exit = f"{_reason(status)} after {ran:.0f} s"
        child.since = clock.now().isoformat()
        log.error("%s ended: %s. Again in %.1f s.", child.name, child.last_exit, wait)
        self._write_state()

    def _write_state(self) -> None:
        """For the health page: who runs since when, how often restarted, why it ended last."""
        state = {
            "pid": os.getpid(),
            "processes": {
                child.name: {
                    "pid": child.running.pid if child.running else None,
                    "since": child.since,
                    "restarts": child.restarts,
                    "last_exit": child.last_exit,
                    "ready": child.ready,
                }
                for child in self.children
            },
        }
        try:
            files.replace(settings.DATA / "run" / "supervisor.json", json.dumps(state))
        except OSError as error:
            log.error("The state of the processes cannot be written: %s", error)

    # ── start ──

    def _migrate(self) -> str | None:
        """Bring the database up to date, waiting for one that is away. None: it cannot be.

        The one-time link that creates the owner; empty on an installation that has one.
        """
        wait, most = BACK_OFF
        while not self.stop:
            status, link = self._short([*_python("migrate"), "--first-run"])
            if status == 0:
                return link.strip()
            if status is None:
                break
            if status != AWAY:
                log.error("The database cannot be brought to this version (%s).", _reason(status))
                break
            log.warning("The database does not answer; again in %.1f s.", wait)
            again = time.monotonic() + wait
            while time.monotonic() < again and not self.stop:
                self._watch()
                self._sleep(again)
            wait = min(2 * wait, most)
        return None

    def _short(self, command: list[str]) -> tuple[int | None, str]:
        """Run a short-lived child; its status, None if we are to stop, and the line it printed."""
        child = self._spawn(command, stdout=subprocess.PIPE)
        assert child.stdout
        while child.poll() is None:
            if self.stop:
                child.terminate()
                child.wait()
                return None, ""
            self._watch()
            self._sleep(time.monotonic() + 1.0)
        return child.returncode, child.stdout.read().decode()

    def _wait_until_ready(self) -> None:
        told = False
        while not self.stop:
            self._watch()
            waiting = [child for child in self.children if not child.ready]
            for child in waiting:
                child.ready = child.running is not None and _answers(child.ready_at)
            if all(child.ready for child in self.children):
                self._write_state()
                return
            if not told and time.monotonic() - self.begun > PATIENCE:
                told = True
                log.warning("Still waiting for %s.", ", ".join(c.name for c in waiting))
            self._sleep(time.monotonic() + 0.1)

    def _greet(self, link: str) -> None:
        lines = [f"Watchbill is ready after {time.monotonic() - self.begun:.1f} s: {settings.URL}"]
        if self.demo:
            lines.append("The example team signs in with one click, and the example can be broken.")
            lines += own_addresses()
        elif link:
            lines.append(f"Nobody owns it yet. Open this once to make it yours: {link}")
        lines.append("Stop it with Ctrl-C.")
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()

    # ── stop ──

    def _stop_all(self) -> None:
        log.info("Stopping%s.", f": {self.stop}" if self.stop else "")
        running = [child.running for child in self.children if child.running]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + GRACE
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
        for process in running:
            if process.poll() is None:
                log.warning("Process %d did not stop by itself; it was killed.", process.pid)
            _end_group(process.pid)
            process.wait()
        for child in self.children:
            child.running = None
        self._write_state()


def own_addresses() -> list[str]:
    """What is said of the addresses of the example people, where they have any: on loopback."""
    at = urlsplit(settings.URL)
    if at.hostname not in ("127.0.0.1", "::1", "localhost"):
        return []
    urls = [f"{at.scheme}://{name}.localhost:{at.port or 80}/" for name in TEAM]
    return ["Or open somebody's own address, several side by side:", *(f"  {url}" for url in urls)]


def _python(command: str) -> list[str]:
    return [sys.executable, "-m", "watchbill", command]


def _addresses() -> list[tuple[str, tuple[str, int]]]:
    """The addresses our children will listen on, by the setting that names each."""
    web = ("WATCHBILL_LISTEN", settings.LISTEN)
    telemetry = ("WATCHBILL_TELEMETRY_LISTEN", settings.TELEMETRY_LISTEN)
    return [web, telemetry] if settings.TELEMETRY_EMBEDDED else [web]


def _web() -> str:
    return _reachable(*settings.LISTEN)


def _telemetry() -> str:
    return _reachable(*settings.TELEMETRY_LISTEN)


def _reachable(host: str, port: int) -> str:
    """The URL under which this machine reaches what listens on host and port."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _claim(setting: str, host: str, port: int) -> None:
    """Raise FolderError when somebody else listens there, before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise folder.FolderError(
                f"Cannot listen on {host}:{port}: {error.strerror}. "
                f"Choose another address with {setting}."
            ) from None


def _answers(url: str) -> bool:
    """Whether a GET is answered below 500. By hand: http.client would double our memory."""
    at = urlsplit(url)
    request = f"GET {at.path} HTTP/1.0\r\nHost: {at.netloc}\r\n\r\n"
    try:
        with socket.create_connection((at.hostname or "", at.port or 80), timeout=1.0) as server:
            server.sendall(request.encode())
            status = server.makefile("rb").readline(100).split(b" ")[1]
    except (OSError, IndexError):
        return False
    return status.isdigit() and int(status) < 500


def _end_group(pid: int) -> None:
    """Kill whatever a child has started and left behind."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _reason(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    return f"killed by {signal.Signals(-status).name}"

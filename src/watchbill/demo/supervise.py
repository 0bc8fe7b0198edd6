"""Keeps the example's processes running, and takes orders: restart, deploy, roll back.

A process that dies is started again with back-off, with one exception that real supervisors make
too (systemd's `RestartPreventExitStatus`): one that stopped itself rather than do harm stays down
until somebody says `restart`.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from watchbill.demo.place import SERVICES, NotRunning, Place, write, write_json
from watchbill.demo.services.checkout import FAIL_STOP
from watchbill.demo.wire import Line, Unreachable

STOP_PATIENCE = 3.0  # seconds before a child that was told to stop is killed
START_PATIENCE = 10.0  # seconds a service may take until it answers
BACK_OFF = (0.5, 1.0, 2.0, 5.0, 10.0)  # seconds before the 1st, 2nd, … start again
SETTLED = 60.0  # seconds of life after which the count of deaths starts anew
FIRST_RELEASES = {"checkout": "7.4", "payments": "4.11", "catalogue": "2.9"}


@dataclass
class Child:
    """One process: how it is started, and how it fares."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    once: bool = False  # when it ends well it is done, not dead
    process: "subprocess.Popen[bytes] | None" = None
    born: float = 0.0  # monotonic
    deaths: int = 0  # in a row
    due: float = 0.0  # monotonic time of the next start
    held: str = ""  # why it is not started again by itself

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass
class Releases:
    """Which release of each service runs, and which ran before; kept over restarts."""

    place: Place
    history: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            self.history = json.loads((self.place.folder / "releases.json").read_text())
        except FileNotFoundError:
            self.history = {service: [first] for service, first in FIRST_RELEASES.items()}

    def running(self, service: str) -> str:
        return self.history[service][-1]

    def deploy(self, service: str, version: str) -> None:
        self.history[service] = [*self.history[service], version][-10:]
        self._keep()

    def roll_back(self, service: str) -> str:
        """The release before, which runs next. Raises LookupError when there is none."""
        if len(self.history[service]) < 2:
            raise LookupError(f"{service} has no earlier release to go back to")
        self.history[service].pop()
        self._keep()
        return self.running(service)

    def _keep(self) -> None:
        write_json(self.place.folder / "releases.json", self.history)


class Supervisor:
    """The three services and their helpers. Orders come from other threads."""

    def __init__(self, place: Place, helpers: Iterable[Child] = ()) -> None:
        self.place = place
        self.releases = Releases(place)
        services = [Child(name, "watchbill.demo.services") for name in SERVICES]
        self.children = {child.name: child for child in (*services, *helpers)}
        self._lock = threading.RLock()
        self._lifeline, self._hold = os.pipe()  # children watch the first; the second stays here

    def tend(self) -> None:
        """Start what is missing and due. Called a few times a second."""
        with self._lock:
            for child in self.children.values():
                if child.process is not None and not child.alive:
                    self._bury(child)
                if child.process is None and not child.held and time.monotonic() >= child.due:
                    self._start(child)

    def stop(self) -> None:
        """Stop everything within `STOP_PATIENCE`, politely first."""
        with self._lock:
            for child in self.children.values():
                child.held = "the example stops"
                if child.process is not None:
                    child.process.terminate()
            deadline = time.monotonic() + STOP_PATIENCE
            for child in self.children.values():
                self._end(child, deadline)

    def restart(self, service: str) -> str:
        """Stop the service if it runs, start it, wait until it answers.

        Here and below: LookupError for what there is not, NotRunning if it does not come up.
        """
        return self._restart(self._service(service))

    def deploy(self, service: str, version: str) -> str:
        """The same with another release."""
        child = self._service(service)
        self.releases.deploy(service, version)
        return self._restart(child)

    def roll_back(self, service: str) -> str:
        """The same with the release before."""
        child = self._service(service)
        self.releases.roll_back(service)
        return self._restart(child)

    def state(self) -> dict[str, Any]:
        """Per process: running, pid, release, deaths in a row, why it is held."""
        return {
            child.name: {
                "running": child.alive,
                "pid": child.process.pid if child.process is not None and child.alive else None,
                "release": self.releases.history.get(child.name, [None])[-1],
                "deaths": child.deaths,
                "held": child.held,
            }
            for child in self.children.values()
        }

    def _service(self, name: str) -> Child:
        if name not in SERVICES:
            raise LookupError(f"there is no service {name}; there are {', '.join(SERVICES)}")
        return self.children[name]

    def _restart(self, child: Child) -> str:
        with self._lock:
            self._end(child, time.monotonic() + STOP_PATIENCE)
            child.held, child.deaths, child.due = "", 0, 0.0
            self._start(child)
        return self._settle(child)

    def _start(self, child: Child) -> None:
        child.process = subprocess.Popen(
            self._command(child),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the journal's file has the same lines
            pass_fds=(self._lifeline,),
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then stops them
        )
        child.born = time.monotonic()
        write(self.place.pid(child.name), f"{child.process.pid}\n")

    def _command(self, child: Child) -> list[str]:
        arguments = list(child.arguments)
        if child.name in SERVICES:
            port, release = self.place.ports()[child.name], self.releases.running(child.name)
            arguments = [child.name, "--port", str(port), "--release", release]
        common = ["--data", str(self.place.folder.parent), "--lifeline", str(self._lifeline)]
        return [sys.executable, "-m", child.module, *arguments, *common]

    def _bury(self, child: Child) -> None:
        assert child.process is not None
        status = child.process.wait()
        child.process = None
        self.place.pid(child.name).unlink(missing_ok=True)
        child.deaths = child.deaths + 1 if time.monotonic() - child.born < SETTLED else 1
        child.due = time.monotonic() + BACK_OFF[min(child.deaths, len(BACK_OFF)) - 1]
        if status == FAIL_STOP:
            child.held = "it stopped itself rather than do harm; restart it by hand"
        elif child.once and status in (0, 1):
            child.held = "finished" if status == 0 else "refused, see what it said"

    def _end(self, child: Child, deadline: float) -> None:
        if child.process is None:
            return
        child.process.terminate()
        try:
            child.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
        child.process = None
        self.place.pid(child.name).unlink(missing_ok=True)

    def _settle(self, child: Child) -> str:
        """Wait until a service answers; raises NotRunning when it does not."""
        begun = time.monotonic()
        while child.alive and time.monotonic() - begun < START_PATIENCE:
            try:
                with Line(self.place.ports()[child.name], timeout=1) as line:
                    code, _ = line.ask("GET", "/health")
            except Unreachable:
                time.sleep(0.05)
                continue
            if code == 200:
                seconds = round(time.monotonic() - begun, 2)
                release = self.releases.running(child.name)
                return f"{child.name} {release} answers after {seconds} s"
        raise NotRunning(f"{child.name} was started but does not answer")

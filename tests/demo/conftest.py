"""The running example: real processes in a folder of the test's own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from watchbill.demo import control
from watchbill.demo.place import SERVICES, NotRunning, Place
from watchbill.demo.shop import Refused, Shop

LINE = re.compile(r"^(\w+)(\{.*\})? (\S+)$")


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> float:
    """How long it took; fails the test when it takes longer than `seconds`."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > seconds:
            pytest.fail(f"{what}: not within {seconds} s")
        time.sleep(0.1)
    return time.monotonic() - begun


def never(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Fails the test when the condition comes true within `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            pytest.fail(what)
        time.sleep(0.1)


@dataclass
class Example:
    """A supervisor process and what it started."""

    data: Path
    process: "subprocess.Popen[bytes]"

    @property
    def place(self) -> Place:
        return Place.under(self.data)

    @property
    def shop(self) -> Shop:
        return Shop(self.place)

    def control(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """The command line program, as a runbook's step calls it."""
        argv = [*control.command(self.data), *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=30)

    def url(self, service: str, path: str) -> str:
        return f"http://127.0.0.1:{self.place.ports()[service]}{path}"

    def metrics(self, service: str) -> dict[str, float]:
        """The service's series and their values; empty while it does not answer."""
        try:
            text = httpx.get(self.url(service, "/metrics"), timeout=2).text
        except httpx.TransportError:
            return {}
        matches = [LINE.match(line) for line in text.splitlines() if not line.startswith("#")]
        return {m[1] + (m[2] or ""): float(m[3]) for m in matches if m}

    def pids(self) -> dict[str, int]:
        files = (self.place.folder / "pids").glob("*.pid")
        return {path.stem: int(path.read_text()) for path in files}

    def answers(self) -> bool:
        try:
            state = self.shop.state()
        except (NotRunning, Refused):
            return False
        return all("version" in state[service] for service in SERVICES)


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits to be buried does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@dataclass
class Starter:
    """Starts examples and ends those that are still there."""

    started: list[Example]

    def __call__(
        self, data: Path, *, fds: tuple[int, ...] = (), more: tuple[str, ...] = ()
    ) -> Example:
        argv = [sys.executable, "-m", "watchbill.demo.run", "--data", str(data), *more]
        example = Example(data, subprocess.Popen(argv, pass_fds=fds, stdout=subprocess.DEVNULL))
        self.started.append(example)
        wait_for(example.answers, 20, "the example answers")
        return example


@pytest.fixture(scope="session")
def start() -> Iterator[Starter]:
    starter = Starter([])
    yield starter
    for example in starter.started:
        if example.process.poll() is None:
            example.process.send_signal(signal.SIGTERM)
    for example in starter.started:
        example.process.wait(10)


@pytest.fixture(scope="session")
def example(start: Starter, tmp_path_factory: pytest.TempPathFactory) -> Example:
    """One example for all tests that leave it as they found it."""
    return start(tmp_path_factory.mktemp("example"))


@pytest.fixture
def healthy(example: Example) -> Iterator[Example]:
    """The same, with every fault mended before and after."""
    yield example
    for name in ("errors", "latency", "memory", "crash", "queue"):
        example.control("heal", name)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)

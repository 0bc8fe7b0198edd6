"""A real installation: `watchbill serve` on free ports and a fresh data folder."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: str, true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until `true()` is, or fail saying what did not come."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s in vain until {what}")
        time.sleep(0.05)


class Installation:
    """One data folder and the `watchbill serve` that runs on it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.web, self.telemetry = free_port(), free_port()
        self.process: subprocess.Popen[str] | None = None
        self.printed = ""
        self.more: dict[str, str] = {}  # settings of the test's own

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if "WATCHBILL" not in name or name == "WATCHBILL_CODE_CACHE"
        }
        kept.pop("DATABASE_URL", None)
        return {
            **kept,
            "WATCHBILL_DATA": str(self.data),
            "WATCHBILL_LISTEN": f"127.0.0.1:{self.web}",
            "WATCHBILL_TELEMETRY_LISTEN": f"127.0.0.1:{self.telemetry}",
            "WATCHBILL_HOST_METRICS": "no",
            **self.more,
        }

    def command(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run a `watchbill` command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "watchbill", *arguments],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def start(self, *options: str) -> None:
        """Start, and do not wait."""
        log = self.data.with_suffix(".log").open("a")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "watchbill", "serve", *options],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )

    def serve(self, *options: str) -> None:
        """Start and wait for the greeting."""
        self.start(*options)
        assert self.process
        assert self.process.stdout
        self.printed = self.process.stdout.readline()
        assert "is ready" in self.printed, self.log()

    @contextmanager
    def signed_in(self) -> Iterator[httpx.Client]:
        """A browser of the owner, made by the first-run link."""
        link = self.command("first-run").stdout.strip()
        with httpx.Client(base_url=f"http://127.0.0.1:{self.web}") as client:
            self._become_owner(client, link)
            yield client

    def _become_owner(self, client: httpx.Client, link: str) -> None:
        form = client.get(link, follow_redirects=True).text
        token, key = (
            re.search(rf'name="{name}" value="([^"]+)"', form)
            for name in ("csrfmiddlewaretoken", "key")
        )
        assert token
        assert key
        said = {
            "csrfmiddlewaretoken": token[1],
            "key": key[1],
            "house": "Test house",
            "name": "Ada Byron",
            "username": "ada",
            "password": "a long enough pass phrase",
        }
        answer = client.post("/first-run", data=said)
        assert answer.status_code == 302, answer.text

    def stop(self, seconds: float = 5.0) -> int:
        """Ask it to stop; its exit status. Fails when it takes longer than `seconds`."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running {seconds:.0f} s after SIGTERM\n{self.log()}")

    def state(self) -> dict[str, dict[str, Any]]:
        """What the supervisor says of each process."""
        found: dict[str, dict[str, Any]] = json.loads(
            (self.data / "run" / "supervisor.json").read_text()
        )["processes"]
        return found

    def pid(self, name: str) -> int | None:
        pid = self.state()[name]["pid"]
        return pid if isinstance(pid, int) else None

    def answers(self) -> bool:
        """Whether the pages and the engine can be used."""
        try:
            web = httpx.get(f"http://127.0.0.1:{self.web}/readyz", timeout=2)
            engine = httpx.get(f"http://127.0.0.1:{self.telemetry}/-/ready", timeout=2)
        except httpx.HTTPError:
            return False
        return web.status_code == 200 and engine.status_code == 200

    def processes(self) -> list[psutil.Process]:
        """Every living process that was started on this data folder, wherever it hangs now."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("WATCHBILL_DATA") == str(self.data):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found

    def log(self) -> str:
        return self.data.with_suffix(".log").read_text()

"""A telemetry process of its own for tests: started, killed, asked."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

TOKEN, READER, WRITER = "both", "reader", "writer"
T = TypeVar("T")

_PROGRAM = """
import json, logging, os, sys
from datetime import timedelta
from pathlib import Path
from watchbill.telemetry.config import QueryLimits, TelemetryConfig
from watchbill.telemetry.server import run
logging.basicConfig(level="INFO")
folder, data, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
run(TelemetryConfig(
    folder=data, host="127.0.0.1", port=port, tokens=folder / "tokens.json",
    scrape_config=folder / "scrape.yml", retention=timedelta(days=40),
    host_metrics=sys.argv[4] == "host", queries=QueryLimits(**json.loads(sys.argv[5])),
    code_cache=Path(cache) if (cache := os.environ.get("WATCHBILL_CODE_CACHE")) else None,
))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(ask: Callable[[], T], seconds: float = 20.0) -> T:
    """Ask again and again until the answer is truthy."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"still {answer!r} after {seconds} s"
        time.sleep(0.05)


class Telemetry:
    """One process; `start` and `kill` as often as a test likes. `prelude` is run in it first."""

    def __init__(
        self,
        folder: Path,
        data: Path | None = None,
        *,
        host: bool = False,
        prelude: str = "",
        **limits: int,
    ) -> None:
        self.folder, self.data, self.port = folder, data or folder / "data", free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "log"
        self._host, self._limits = host, json.dumps(limits)
        self._program = prelude + _PROGRAM
        self._process: subprocess.Popen[bytes] | None = None
        self.write_tokens({TOKEN: ["query", "write"], READER: ["query"], WRITER: ["write"]})
        self.client = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False
        )

    def write_tokens(self, tokens: dict[str, list[str]]) -> None:
        listed = [
            {"sha256": hashlib.sha256(token.encode()).hexdigest(), "scopes": scopes}
            for token, scopes in tokens.items()
        ]
        fresh = self.folder / "tokens.new"
        fresh.write_text(json.dumps({"tokens": listed}))
        fresh.rename(self.folder / "tokens.json")

    def start(self) -> "Telemetry":
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", self._program, str(self.folder), str(self.data),
                 str(self.port), "host" if self._host else "no", self._limits],
                stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": "src"},
            )  # fmt: skip
        until(self.ready)
        return self

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()[-2000:]
        try:
            return self.client.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> tuple[int, float]:
        """SIGTERM; exit status and how long it took."""
        if self._process is None or self._process.poll() is not None:
            return 0, 0.0
        began = time.monotonic()
        self._process.terminate()
        status = self._process.wait(20)
        return status, time.monotonic() - began

    def post(self, path: str, body: bytes, **headers: str) -> httpx.Response:
        defaults = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
        return self.client.post(path, content=body, headers={**defaults, **headers})

    def query(self, text: str, **given: Any) -> list[dict[str, Any]]:
        answer = self.client.post("/api/v1/query", data={"query": text, **given}).json()
        assert answer["status"] == "success", answer
        return list(answer["data"]["result"])

    def status(self) -> dict[str, Any]:
        return dict(self.client.get("/api/v1/status/watchbill").json()["data"])

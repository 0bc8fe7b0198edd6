"""The servers under test as processes of their own, all on loopback and in folders of their own."""

import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

TOKEN = "bench"
READY_SECONDS = 120

_WATCHBILL = """
import logging, sys, time
from datetime import timedelta
from pathlib import Path
from watchbill.lib import clock
from watchbill.telemetry.config import TelemetryConfig
from watchbill.telemetry.server import run
logging.basicConfig(level="INFO")

# The clock stands in the data's time by a file. A real clock costs nothing to read, so look into
# the file every 10 ms at most.
read, seen = clock._from_file, [0.0, 0.0]

def offset():
    if time.monotonic() > seen[0]:
        seen[:] = [time.monotonic() + 0.01, read()]
    return seen[1]

clock._from_file = offset
folder = Path(sys.argv[1])
run(TelemetryConfig(
    folder=folder / "data", host="127.0.0.1", port=int(sys.argv[2]),
    tokens=folder / "tokens.json", scrape_config=folder / "scrape.yml",
    retention=timedelta(days=30), host_metrics=False,
))
"""


class System:
    """One server: started, asked, measured, stopped. `restart` keeps its data."""

    name = ""
    ready = "/-/ready"
    write = "/api/v1/write"
    api = "/api/v1"
    extra: dict[str, str] = {}
    headers: dict[str, str] = {}

    def __init__(self, folder: Path) -> None:
        self.folder = folder / self.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.started = self.prepared = 0.0  # seconds from the start to ready, and to full speed
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: http.client.HTTPConnection | None = None

    def command(self, port: int) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str] | None:
        return None

    def clock(self, now_ms: int) -> None:
        """Tell the server what time it is, if it cares."""

    def prepare(self) -> None:
        """Wait for what happens once after an installation, if anything."""

    def start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        began = time.perf_counter()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(port), stdout=log, stderr=log, env=self.environment()
            )
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        while True:
            try:
                if self.request("GET", self.ready)[0] == 200:
                    break
            except (OSError, http.client.HTTPException):
                self._connection.close()
            if self._process.poll() is not None or time.perf_counter() - began > READY_SECONDS:
                raise SystemExit(f"{self.name} does not start; see {self.folder / 'log'}")
            time.sleep(0.01)
        self.started = time.perf_counter() - began
        self.prepare()
        self.prepared = time.perf_counter() - began

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def request(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, bytes]:
        assert self._connection is not None
        given = {**self.headers, **headers}
        self._connection.request(method, path, body, given)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def push(self, body: bytes) -> float:
        """Send one remote-write body; how many seconds it took."""
        headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
                   "X-Prometheus-Remote-Write-Version": "0.1.0"}  # fmt: skip
        began = time.perf_counter()
        status, said = self.request("POST", self.write, body, **headers)
        if status >= 300:
            raise SystemExit(f"{self.name} refused samples: {status} {said[:300]!r}")
        return time.perf_counter() - began

    def ask(self, query: str, start_ms: int, end_ms: int) -> tuple[float, bytes]:
        """Seconds and answer of an instant query (when both times are one) or a range query."""
        if start_ms == end_ms:
            path, times = "query", {"time": f"{end_ms / 1000}"}
        else:
            path = "query_range"
            times = {"start": f"{start_ms / 1000}", "end": f"{end_ms / 1000}", "step": "60"}
        text = urlencode({"query": query, **times, **self.extra})
        began = time.perf_counter()
        status, answer = self.request("GET", f"{self.api}/{path}?{text}")
        took = time.perf_counter() - began
        if status != 200:
            raise SystemExit(f"{self.name}: {query}: {status} {answer[:300]!r}")
        return took, answer

    def cpu(self) -> float:
        """Seconds of processor time so far. proc(5)"""
        fields = self._proc("stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def memory(self) -> dict[str, float]:
        """MB now: peak resident, resident, private."""
        found: dict[str, float] = {}
        for line in [
            *self._proc("status").splitlines(),
            *self._proc("smaps_rollup").splitlines()[1:],
        ]:
            name, _, rest = line.partition(":")
            if rest.endswith(" kB"):
                found[name] = int(rest.split()[0]) / 1024
        private = found["Private_Clean"] + found["Private_Dirty"]
        return {"peak": found["VmHWM"], "resident": found["VmRSS"], "private": private}

    def _proc(self, name: str) -> str:
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/{name}").read_text()

    def settle(self) -> None:
        """Wait until samples have moved into the form in which they stay."""

    def disk(self) -> int:
        """Bytes of that form, index included, log excluded."""
        raise NotImplementedError


def folder_bytes(folder: Path) -> int:
    """Size of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


class Watchbill(System):
    name = "watchbill"
    headers = {"Authorization": f"Bearer {TOKEN}"}

    def command(self, port: int) -> list[str]:
        token = {"sha256": hashlib.sha256(TOKEN.encode()).hexdigest(), "scopes": ["query", "write"]}
        (self.folder / "tokens.json").write_text(json.dumps({"tokens": [token]}))
        return [sys.executable, "-c", _WATCHBILL, str(self.folder), str(port)]

    def environment(self) -> dict[str, str]:
        return {**os.environ, "WATCHBILL_TEST_CLOCK": str(self.folder / "clock")}

    def clock(self, now_ms: int) -> None:
        fresh = self.folder / "clock.new"
        fresh.write_text(str(now_ms / 1000 - time.time()))
        fresh.rename(self.folder / "clock")

    def prepare(self) -> None:
        """Kernels are compiled at the first start ever, and loaded within a second at others."""
        deadline = time.monotonic() + 900
        while not self.status()["machineCode"]:
            if time.monotonic() > deadline:
                raise SystemExit(f"{self.name} runs no kernels; see {self.folder / 'log'}")
            time.sleep(0.05)

    def status(self) -> dict[str, float]:
        return dict(json.loads(self.request("GET", "/api/v1/status/watchbill")[1])["data"])

    def settle(self) -> None:
        deadline, before = time.monotonic() + 120, -1
        while time.monotonic() < deadline:
            time.sleep(3)
            now = folder_bytes(self.folder / "data" / "chdb")
            if now == before and self.status()["lateSamples"] == 0:
                return
            before = now

    def disk(self) -> int:
        """What the database says: files of parts that were merged away linger for minutes."""
        return int(self.status()["chunks"]["bytes"])  # type: ignore[index]


class Prometheus(System):
    name = "prometheus"

    def command(self, port: int) -> list[str]:
        (self.folder / "prometheus.yml").write_text("")
        return ["prometheus", f"--config.file={self.folder / 'prometheus.yml'}",
                f"--web.listen-address=127.0.0.1:{port}",
                f"--storage.tsdb.path={self.folder / 'data'}", "--storage.tsdb.retention.time=10y",
                "--web.enable-remote-write-receiver", "--web.enable-admin-api"]  # fmt: skip

    def disk(self) -> int:
        """A snapshot: everything, the head too, as blocks."""
        said = json.loads(self.request("POST", "/api/v1/admin/tsdb/snapshot")[1])
        snapshot = self.folder / "data" / "snapshots" / said["data"]["name"]
        size = folder_bytes(snapshot)
        shutil.rmtree(snapshot)
        return size


class VictoriaMetrics(System):
    name = "victoria-metrics"
    ready = "/health"
    extra = {"nocache": "1"}  # else it answers from its cache of results

    def command(self, port: int) -> list[str]:
        return ["victoria-metrics", f"-httpListenAddr=127.0.0.1:{port}",
                f"-storageDataPath={self.folder / 'data'}", "-retentionPeriod=100y"]  # fmt: skip

    def settle(self) -> None:
        self.request("GET", "/internal/force_flush")
        self.request("GET", "/internal/force_merge")
        before = -1
        for _ in range(40):
            time.sleep(3)
            now = self.disk()
            if now == before:
                return
            before = now

    def disk(self) -> int:
        return folder_bytes(self.folder / "data" / "data") + folder_bytes(
            self.folder / "data" / "indexdb"
        )


SYSTEMS: dict[str, type[System]] = {
    system.name: system for system in (Watchbill, Prometheus, VictoriaMetrics)
}

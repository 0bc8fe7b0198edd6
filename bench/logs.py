"""Logs against ripgrep on the plain file: intake by HTTP, bytes on disk, and searches.

    python -m bench.logs --lines 2000000

Lines are generated from a seed: JSON of an application, access logs of nginx, syslog. A real
telemetry process takes them in as Loki pushes; the same lines are a plain file for ripgrep. Each
search is asked of both in turn; chDB's cache of earlier conditions is switched off by the store.
"""

import argparse
import contextlib
import gc
import hashlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

TOKEN = "bench"
STREAMS = ("app", "nginx", "syslog")
BATCH = 5_000
SENDERS = 2
SPREAD_SECONDS = 3_600
PATHS = ("/", "/cart", "/checkout", "/api/orders", "/api/items/{}", "/static/app.js", "/login")
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1.15",
    "curl/8.5.0",
)
MESSAGES = ("order placed", "payment taken", "cart updated", "stock reserved", "mail queued")

_SERVER = """
import logging, sys
from datetime import timedelta
from pathlib import Path
from watchbill.telemetry.config import TelemetryConfig
from watchbill.telemetry.server import run
logging.basicConfig(level="WARNING")
folder = Path(sys.argv[1])
run(TelemetryConfig(folder=folder / "data", host="127.0.0.1", port=int(sys.argv[2]),
    tokens=folder / "tokens.json", scrape_config=folder / "scrape.yml",
    retention=timedelta(days=30), host_metrics=False))
"""

_SIZE = """
import sys
from chdb import session
query = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'logs'"
print(session.Session(sys.argv[1]).query(query, "TSV"), end="")
"""


def made_lines(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Stream and text of each line."""
    rng = random.Random(seed)
    for _ in range(count):
        kind = rng.random()
        if kind < 0.4:
            yield "app", json.dumps({
                "level": rng.choices(("info", "warn", "error"), (90, 7, 3))[0],
                "msg": rng.choice(MESSAGES), "order": rng.randrange(10**6),
                "ms": rng.randrange(1, 900), "host": f"shop-{rng.randrange(8)}",
                "request": f"{rng.getrandbits(64):016x}",
            })  # fmt: skip
        elif kind < 0.8:
            path = rng.choice(PATHS).format(rng.randrange(5_000))
            status = rng.choices((200, 304, 404, 500), (90, 5, 4, 1))[0]
            yield (
                "nginx",
                (
                    f'10.0.{rng.randrange(8)}.{rng.randrange(255)} - - "GET {path} HTTP/1.1" '
                    f'{status} {rng.randrange(200, 60_000)} "-" "{rng.choice(AGENTS)}" '
                    f"{rng.randrange(1, 3_000) / 1000:.3f}"
                ),
            )
        else:
            yield "syslog", rng.choice((
                f"sshd[{rng.randrange(30_000)}]: Accepted publickey for deploy from "
                f"10.0.0.{rng.randrange(255)} port {rng.randrange(1_024, 65_535)} ssh2",
                f"kernel: [{rng.random() * 1e5:.6f}] eth0: link is up, 1000 Mbps, full duplex",
                f"systemd[1]: Started Session {rng.randrange(9_999)} of user deploy.",
                f"CRON[{rng.randrange(30_000)}]: (root) CMD (/usr/lib/backup --incremental)",
            ))  # fmt: skip


class Server:
    """A telemetry process of its own."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        tokens = {"tokens": [{"sha256": digest, "scopes": ["query", "write"]}]}
        (folder / "tokens.json").write_text(json.dumps(tokens))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(folder), str(self.port)],
            env={**os.environ, "PYTHONPATH": "src"},
        )
        self.line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        while True:
            with contextlib.suppress(OSError):
                if self.get("/ready")[0] == 200:
                    return
            self.line.close()
            time.sleep(0.1)

    def get(self, path: str) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        try:
            self.line.request("GET", path, headers=headers)
            answer = self.line.getresponse()
        except http.client.RemoteDisconnected:  # it had been idle for too long
            self.line.request("GET", path, headers=headers)
            answer = self.line.getresponse()
        return answer.status, answer.read()

    def held(self) -> int:
        return int(json.loads(self.get("/api/v1/status/watchbill")[1])["data"]["logs"]["held"])

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def bytes_on_disk(self) -> int:
        """Of the parts in use, once stopped: those merged into others are deleted minutes later."""
        asked = [sys.executable, "-c", _SIZE, str(self.data / "chdb")]
        return int(subprocess.run(asked, capture_output=True, check=True).stdout)


def bodies(lines: list[tuple[str, str]], end_ns: int) -> list[bytes]:
    """Loki pushes of all lines, spread over the time before `end_ns`."""
    apart = SPREAD_SECONDS * 1_000_000_000 // len(lines)
    begin = end_ns - apart * len(lines)
    made = []
    for first in range(0, len(lines), BATCH):
        values: dict[str, list[list[str]]] = {stream: [] for stream in STREAMS}
        for number, (stream, text) in enumerate(lines[first : first + BATCH], first):
            values[stream].append([str(begin + number * apart), text])
        streams = [
            {"stream": {"job": stream}, "values": given}
            for stream, given in values.items()
            if given
        ]
        made.append(json.dumps({"streams": streams}).encode())
    return made


def send_all(server: Server, made: list[bytes]) -> float:
    """Push every body from a few senders; seconds until the last is acknowledged."""
    left, lock, refused = list(reversed(made)), threading.Lock(), []

    def send() -> None:
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        while True:
            with lock:
                if not left:
                    return
                body = left.pop()
            while True:
                line.request("POST", "/loki/api/v1/push", body, headers)
                answer = line.getresponse()
                answer.read()
                if answer.status == 204:
                    break
                refused.append(answer.status)
                time.sleep(0.05)

    began = time.perf_counter()
    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    if refused:
        print(f"  {len(refused)} pushes were told to come again")
    return time.perf_counter() - began


def settle(server: Server) -> None:
    """Wait until all lines are in the table and its merges have become rare."""
    while server.held():
        time.sleep(0.2)
    last = -1.0
    while server.cpu_seconds() - last > 0.3:
        last = server.cpu_seconds()
        time.sleep(3)


def timed(work: Callable[[], int]) -> tuple[float, int]:
    began = time.perf_counter()
    hits = work()
    return (time.perf_counter() - began) * 1_000, hits


def search(
    server: Server, plain: Path, query: str, rg: list[str], rounds: int
) -> dict[str, object]:
    """Median ms of a search here and with ripgrep, in turn, and how many lines each found."""

    def ours() -> int:
        path = f"/loki/api/v1/query_range?limit=5000&since=2h&query={quote(query)}"
        status, body = server.get(path)
        assert status == 200, body
        found = json.loads(body)["data"]["result"]
        return sum(len(stream["values"]) for stream in found)

    def theirs() -> int:
        found = subprocess.run(["rg", *rg, str(plain)], capture_output=True)
        return found.stdout.count(b"\n")

    here, there = [], []
    for _ in range(rounds):
        ms, hits = timed(ours)
        here.append(ms)
        ms, rg_hits = timed(theirs)
        there.append(ms)
    mine, peer = statistics.median(here), statistics.median(there)
    return {
        "query": query, "rg": " ".join(rg), "ms": round(mine, 2), "rg_ms": round(peer, 2),
        "ratio": round(mine / peer, 3), "lines": hits, "rg_lines": rg_hits,
    }  # fmt: skip


def measure(count: int, seed: int, rounds: int, folder: Path) -> dict[str, object]:
    lines = list(made_lines(count, seed))
    plain = folder / "plain.log"
    with plain.open("w") as file:
        file.writelines(f"{text}\n" for _, text in lines)
    raw = plain.stat().st_size
    middle = [text for stream, text in lines[count // 2 :] if stream == "app"]
    token = json.loads(middle[0])["request"]
    made = bodies(lines, time.time_ns() - 1_000_000_000)
    del lines
    gc.collect()
    server = Server(folder)
    try:
        before = server.cpu_seconds()
        seconds = send_all(server, made)
        settle(server)
        cpu = server.cpu_seconds() - before
        everything = '{job=~".+"}'
        word = f"{everything} |~ `\\b{token}\\b`"
        asked = [
            (word, ["-w", token]),
            (f'{everything} |= `"request": "{token}"`', ["-F", f'"request": "{token}"']),
            (f"{everything} |= `{token}`", ["-F", token]),
            (f"{everything} |= `{token[2:12]}`", ["-F", token[2:12]]),
            (f"{everything} |= `port 4711 ssh2`", ["-F", "port 4711 ssh2"]),
            (f"{everything} |~ `port 47[0-4]1 `", ["port 47[0-4]1 "]),
            (f"{everything} |~ `\\bnowhere\\b`", ["-w", "nowhere"]),
        ]
        searches = [search(server, plain, query, rg, rounds) for query, rg in asked]
    finally:
        server.stop()
    return {
        "lines": count, "seed": seed, "cores": os.cpu_count(),
        "raw_bytes_per_line": round(raw / count, 1),
        "lines_per_second": round(count / seconds),
        "cpu_us_per_line": round(cpu / count * 1e6, 2),
        "bytes_per_line": round(server.bytes_on_disk() / count, 1),
        "searches": searches,
    }  # fmt: skip


def main() -> None:
    given = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    given.add_argument("--lines", type=int, default=2_000_000)
    given.add_argument("--seed", type=int, default=1)
    given.add_argument("--rounds", type=int, default=15)
    given.add_argument("--json", type=Path, help="also write the figures there")
    asked = given.parse_args()
    if shutil.which("rg") is None:
        sys.exit("ripgrep (rg) is needed: install it first")
    with tempfile.TemporaryDirectory(prefix="watchbill-bench-") as folder:
        figures = measure(asked.lines, asked.seed, asked.rounds, Path(folder))
    print(
        f"{figures['lines']:,} lines of {figures['raw_bytes_per_line']} bytes: "
        f"{figures['lines_per_second']:,} lines/s (aim 150,000), {figures['cpu_us_per_line']} us "
        f"CPU each, {figures['bytes_per_line']} bytes/line on disk (aim 75)"
    )
    searches = figures["searches"]
    assert isinstance(searches, list)
    for one in searches:
        print(
            f"{one['ms']:8.1f} ms, rg {one['rg_ms']:7.1f} ms, ratio {one['ratio']:6.3f}, "
            f"{one['lines']} lines: {one['query']}"
        )
    print("the first is the token search (aim: ratio 0.2)")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()

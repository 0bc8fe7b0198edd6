"""Telemetry under a steady load: is anything refused, does it fall behind, does memory grow?

    uv run python -m bench.soak [--minutes 30] [--series 5000] [--svg FILE] [--json FILE]

A real telemetry process is scraped into, written to and asked for so many minutes: remote write of
`--series` series every 15 s, two scraped targets every 5 s, a round of rules every 15 s, and
dashboard queries one after the other with half a second between. Every two seconds it is measured
what the process holds, how old its newest answer is, and what it refused. Exits 1 when something
was refused or failed, when answers lagged, or when memory grew beyond what the samples it has to
hold take.
"""

import argparse
import http.server
import json
import math
import random
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import httpx
import psutil
from bench.chart import Panel, chart
from tests.telemetry.bodies import compress, label, varint
from tests.telemetry.bodies import field as message
from tests.telemetry.server_process import TOKEN, Telemetry

WRITE_SECONDS, SCRAPE_SECONDS, RULE_SECONDS, SAMPLE_SECONDS = 15.0, 5.0, 15.0, 2.0
BODY_SERIES = 500
MAX_LAG_SECONDS = WRITE_SECONDS + 5
MAX_GROWTH = 1.10
"""Own memory without the samples held, last quarter over second quarter."""
WARM_MINUTES = 1.5
"""A shorter run only warms up, and memory is not judged."""

RULES = (
    "sum by (job) (rate(soak_requests_total{code=~'5..'}[5m]))"
    " / sum by (job) (rate(soak_requests_total[5m])) > 0.5",
    "histogram_quantile(0.99, sum by (le, job) (rate(soak_page_seconds_bucket[5m]))) > 10",
    "up == 0",
    "avg by (job) (soak_temperature) > 95",
    "predict_linear(soak_temperature{job='j1'}[5m], 3600) > 1000",
    "absent(up{job='soak'})",
    "changes(soak_temperature{job='j2'}[5m]) > 1000",
    "count by (job) (soak_requests_total) < 1",
)  # fmt: skip
DASHBOARD = (
    "sum(rate(soak_requests_total[2m]))",
    "sum by (code) (rate(soak_requests_total[2m]))",
    "topk(5, sum by (instance) (rate(soak_requests_total[2m])))",
    "quantile(0.9, soak_temperature)",
    "max_over_time(soak_temperature{job='j3'}[1m])",
    "histogram_quantile(0.9, sum by (le) (rate(soak_page_seconds_bucket[1m])))",
    "soak_temperature{instance='i7'}",
)


@dataclass
class Run:
    """What has happened so far, filled by several threads."""

    client: httpx.Client
    began: float = field(default_factory=time.monotonic)
    stop: threading.Event = field(default_factory=threading.Event)
    written: int = 0
    failures: list[str] = field(default_factory=list)
    query_ms: list[tuple[float, float]] = field(default_factory=list)
    rows: list[dict[str, float]] = field(default_factory=list)

    def minutes(self) -> float:
        return (time.monotonic() - self.began) / 60

    def ask(self, path: str, **given: str) -> dict:
        """An answer of the API; what is not a success is remembered as a failure."""
        begun = time.perf_counter()
        answer = self.client.post(path, data=given, timeout=30).json()
        self.query_ms.append((self.minutes(), (time.perf_counter() - begun) * 1000))
        if answer["status"] != "success":
            self.failures.append(f"{given.get('query')}: {answer['error']}")
        return answer.get("data", {})

    def every(self, seconds: float, work: Callable[[], None]) -> threading.Thread:
        """Work again and again in a thread until the run stops."""

        def loop() -> None:
            due = time.monotonic()
            while not self.stop.is_set():
                try:
                    work()
                except Exception as error:  # noqa: BLE001  a failure to report, not the end
                    self.failures.append(repr(error))
                due = max(due + seconds, time.monotonic())
                self.stop.wait(due - time.monotonic())

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        return thread


class Sender:
    """Remote write of the same series again and again; labels are encoded once."""

    def __init__(self, run: Run, series: int) -> None:
        self._run = run
        self._labels = [self._named(number) for number in range(series)]
        self._counts = [0.0] * series
        self._chance = random.Random(1)

    @staticmethod
    def _named(number: int) -> bytes:
        metric = "soak_requests_total" if number % 2 else "soak_temperature"
        labels = {
            "__name__": metric, "code": ("200", "404", "500")[number % 3],
            "instance": f"i{number // 12}", "job": f"j{number % 4}", "path": f"/p{number}",
        }  # fmt: skip
        return b"".join(label(*pair) for pair in sorted(labels.items()))

    def send(self) -> None:
        """One sample of every series, in bodies of `BODY_SERIES`, spread over the interval."""
        pause = WRITE_SECONDS * 0.6 / math.ceil(len(self._labels) / BODY_SERIES)
        for begin in range(0, len(self._labels), BODY_SERIES):
            body, count = self._body(range(begin, min(begin + BODY_SERIES, len(self._labels))))
            headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
            answer = self._run.client.post("/api/v1/write", content=body, headers=headers)
            if answer.status_code // 100 == 2:
                self._run.written += count
            else:
                self._run.failures.append(f"write {answer.status_code}: {answer.text[:200]}")
            if self._run.stop.wait(pause):
                return

    def _body(self, numbers: range) -> tuple[bytes, int]:
        now = b"\x10" + varint(int(time.time() * 1000))
        parts = []
        for number in numbers:
            self._counts[number] += self._chance.expovariate(0.2) if number % 2 else 0
            value = self._counts[number] if number % 2 else 50 + self._chance.gauss(0, 10)
            sample = message(2, b"\x09" + struct.pack("<d", round(value, 2)) + now)
            parts.append(message(1, self._labels[number] + sample))
        return compress(b"".join(parts)), len(parts)


@contextmanager
def target() -> Iterator[int]:
    """A page of about 240 series to scrape; the port it is served on."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            now, lines = time.time(), ["# TYPE soak_page_seconds histogram"]
            for page in range(20):
                seen = int(now * (page + 1)) % 10_000_000
                for place, bound in enumerate(("0.01", "0.1", "1", "10", "+Inf")):
                    count = seen * (place + 1) // 5
                    lines.append(f'soak_page_seconds_bucket{{page="{page}",le="{bound}"}} {count}')
                lines.append(f'soak_page_seconds_count{{page="{page}"}} {seen}')
                lines.append(f'soak_page_seconds_sum{{page="{page}"}} {seen / 7:.3f}')
            lines.append("# TYPE soak_level gauge")
            lines += [f'soak_level{{n="{n}"}} {math.sin(now / 60 + n):.4f}' for n in range(100)]
            content = "\n".join([*lines, ""]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *given: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def scrape_config(target_port: int, own_port: int) -> str:
    """Two jobs: the page, and telemetry itself."""
    return (
        f"global: {{scrape_interval: {SCRAPE_SECONDS:.0f}s}}\n"
        "scrape_configs:\n"
        f"- {{job_name: soak, static_configs: [{{targets: ['127.0.0.1:{target_port}']}}]}}\n"
        f"- job_name: itself\n  authorization: {{credentials: {TOKEN}}}\n"
        f"  static_configs: [{{targets: ['127.0.0.1:{own_port}']}}]\n"
    )


def rules(run: Run) -> None:
    """A round of rules."""
    for rule in RULES:
        run.ask("/api/v1/query", query=rule)


def dashboard(run: Run, chance: random.Random) -> None:
    """One panel of the last quarter of an hour."""
    now = time.time()
    run.ask(
        "/api/v1/query_range",
        query=chance.choice(DASHBOARD), start=f"{now - 900:.3f}", end=f"{now:.3f}", step="15",
    )  # fmt: skip


def measure(run: Run, process: psutil.Process) -> None:
    """One row: memory and samples held, age of the newest answers, what was refused, CPU time."""
    memory, cpu = process.memory_info(), process.cpu_times()
    now = time.time()
    status = run.client.get("/api/v1/status/watchbill").json()["data"]
    metrics = run.client.get("/metrics").text
    row = {
        "minutes": run.minutes(),
        "rss": memory.rss / 1e6,
        # What is private besides depends on who else has the database's library mapped just now.
        "own": (memory.rss - memory.shared) / 1e6,
        "held": status["headBytes"] / 1e6,
        "samples": float(status["headSamples"]),
        "cpu": cpu.user + cpu.system,
        "refused": _sum(metrics, "samples_refused_total") + _sum(metrics, "bodies_refused_total"),
        "down": float(status["targets"]["down"]),
    }
    for name, series in (("lag_written", "soak_requests_total"), ("lag_scraped", "soak_level")):
        newest = run.ask("/api/v1/query", query=f"max(timestamp({series}))")["result"]
        if newest:
            row[name] = max(now - float(newest[0]["value"][1]), 0.0)
    run.rows.append(row)


def _sum(page: str, name: str) -> float:
    lines = (line for line in page.splitlines() if line.startswith(f"watchbill_telemetry_{name}"))
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def judge(run: Run) -> list[str]:
    """What is wrong, in words; nothing when all is well."""
    wrong = [f"{len(run.failures)} failures, such as {run.failures[0]}"] if run.failures else []
    last = run.rows[-1]
    if last["refused"]:
        wrong.append(f"{last['refused']:.0f} samples or bodies were refused")
    late = max(row.get("lag_written", 0.0) for row in run.rows)
    if late > MAX_LAG_SECONDS:
        wrong.append(f"the newest sample was {late:.1f} s old")
    grown = growth(run)
    if grown > MAX_GROWTH and last["minutes"] >= WARM_MINUTES:
        wrong.append(f"memory without samples grew to {grown:.2f} times")
    return wrong


def growth(run: Run) -> float:
    """Own memory without the samples held: last quarter over second quarter."""
    rest = [row["own"] - row["held"] for row in run.rows]
    quarter = max(len(rest) // 4, 1)
    return median(rest[-quarter:]) / median(rest[quarter : 2 * quarter] or rest)


def summary(run: Run, minutes: float, series: int) -> dict[str, float]:
    """The figures."""
    last, slow = run.rows[-1], [ms for _, ms in run.query_ms]
    return {
        "minutes": minutes,
        "series_written": series,
        "samples_written": run.written,
        "samples_held": last["samples"],
        "refused": last["refused"],
        "failures": len(run.failures),
        "queries": len(slow),
        "query_ms_median": round(median(slow), 1),
        "query_ms_p99": round(quantiles(slow, n=100)[98], 1),
        "lag_written_s_max": round(max(row.get("lag_written", 0.0) for row in run.rows), 1),
        "lag_scraped_s_max": round(max(row.get("lag_scraped", 0.0) for row in run.rows), 1),
        "rss_mb_max": round(max(row["rss"] for row in run.rows)),
        "own_mb_first_quarter": round(median(_first(run, "own"))),
        "own_mb_end": round(last["own"]),
        "held_mb_end": round(last["held"], 1),
        "growth_without_samples": round(growth(run), 3),
        "cpu_share": round(last["cpu"] / (last["minutes"] * 60), 3),
    }


def _first(run: Run, name: str) -> list[float]:
    return [row[name] for row in run.rows[: max(len(run.rows) // 4, 1)]]


def draw(run: Run) -> str:
    """The graph for the docs."""

    def line(name: str) -> list[tuple[float, float]]:
        return [(row["minutes"], row[name]) for row in run.rows if name in row]

    written = [(at, value / 1e6) for at, value in line("samples")]
    return chart(
        [
            Panel("Memory, MB", {"resident": line("rss"), "own": line("own"),
                                 "samples": line("held")}),
            Panel("Samples held, millions", {"held": written}),
            Panel("Samples and bodies refused", {"refused": line("refused")}),
            Panel("Age of the newest sample in an answer, s", {"written": line("lag_written"),
                                                               "scraped": line("lag_scraped")}),
            Panel("Time of a query, ms, 95th percentile", {"query": _by_minute(run)}),
        ],
        "minutes",
    )  # fmt: skip


def _by_minute(run: Run) -> list[tuple[float, float]]:
    width = max(run.rows[-1]["minutes"] / 60, 1 / 60)
    groups: dict[int, list[float]] = {}
    for at, ms in run.query_ms:
        groups.setdefault(int(at / width), []).append(ms)
    return [
        ((place + 0.5) * width, sorted(found)[int(len(found) * 0.95)])
        for place, found in sorted(groups.items())
    ]


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--series", type=int, default=5000)
    parser.add_argument("--svg", type=Path, help="draw the graph into this file")
    parser.add_argument("--json", type=Path, help="write the figures into this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as name, target() as port:
        telemetry = Telemetry(Path(name))
        (Path(name) / "scrape.yml").write_text(scrape_config(port, telemetry.port))
        telemetry.start()
        try:
            run = soak(telemetry, options.minutes, options.series)
        finally:
            telemetry.stop()
    figures, wrong = summary(run, options.minutes, options.series), judge(run)
    for key, value in figures.items():
        print(f"{key:26s} {value:g}")
    if options.svg:
        options.svg.write_text(draw(run))
    if options.json:
        options.json.write_text(json.dumps({"figures": figures, "wrong": wrong, "rows": run.rows}))
    print("ok" if not wrong else "\n".join(["FAILED", *wrong]))
    return 1 if wrong else 0


def soak(telemetry: Telemetry, minutes: float, series: int) -> Run:
    """Load the process for so long."""
    run, chance = Run(telemetry.client), random.Random(2)
    process, sender = psutil.Process(telemetry.pid), Sender(run, series)
    threads = [
        run.every(WRITE_SECONDS, sender.send),
        run.every(RULE_SECONDS, lambda: rules(run)),
        run.every(0.5, lambda: dashboard(run, chance)),
        run.every(SAMPLE_SECONDS, lambda: measure(run, process)),
    ]
    try:
        while run.minutes() < minutes and telemetry.ready():
            time.sleep(1)
            if sys.stderr.isatty():
                print(f"\r{run.minutes():6.1f} min, {run.written} samples", end="", file=sys.stderr)
    finally:
        run.stop.set()
        for thread in threads:
            thread.join(30)
    return run


if __name__ == "__main__":
    raise SystemExit(main())

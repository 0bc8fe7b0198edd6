"""Both servers with the same samples: scraped for a while, or brought from a recording."""

import http.server
import shutil
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.telemetry import machine_code
from tests.telemetry.bodies import body
from tests.telemetry.differential.recording import Recording, moved
from tests.telemetry.server_process import TOKEN, Telemetry, free_port, until

from watchbill.telemetry.intake.remote_write import RemoteWriteDecoder
from watchbill.telemetry.promql.storage import Labels, labels_of

INTERVAL_SECONDS = 2
_WITHOUT_OWN_METRICS = """
from watchbill.telemetry import server
server._local_sources = lambda *given: []
"""
"""Prometheus scrapes them, so that both have them; stored by itself, only Watchbill would."""
_EVERYTHING = '{__name__=~".+"}'


@dataclass(frozen=True)
class Both:
    """Two servers to ask, and what both of them hold."""

    ours: httpx.Client
    theirs: httpx.Client
    recording: Recording

    def unequal_series(self) -> list[str]:
        """Series whose stored samples are not the same bits in both; also if one lacks them."""
        newest = max(samples[-1][0] for samples in self.recording.values())
        oldest = min(samples[0][0] for samples in self.recording.values())
        query = f"{_EVERYTHING}[{newest - oldest + 10_000}ms]"
        given = {"query": query, "time": f"{(newest + 1000) / 1000:.3f}"}
        held = [_held(client, given) for client in (self.ours, self.theirs)]
        return [
            str(dict(labels))
            for labels in sorted(held[0].keys() | held[1].keys())
            if held[0].get(labels) != held[1].get(labels)
        ]


def _held(client: httpx.Client, given: dict[str, str]) -> dict[Labels, list[tuple[float, str]]]:
    """Every sample that a server has, values as text so that NaN is NaN."""
    answer = client.post("/api/v1/query", data=given, timeout=60).json()
    return {
        labels_of(row["metric"]): [(t, repr(float(value))) for t, value in row["values"]]
        for row in answer["data"]["result"]
    }


def missing() -> str | None:
    """The program that is needed and not installed, if one is."""
    for program in ("prometheus", "prometheus-node-exporter"):
        if shutil.which(program) is None:
            return program
    return None


@contextmanager
def scraped(seconds: float) -> Iterator[Both]:
    """Let Prometheus scrape itself, a node exporter and Watchbill, and write to Watchbill.

    The exporter is away for a while in the middle, so that there are gaps, staleness markers and
    counters that begin anew; in the end all targets go, and nothing changes any more.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="differential-")))
        recorder = stack.enter_context(_Recorder())
        telemetry = _telemetry(stack, folder)
        node, port = free_port(), free_port()
        exporter = _exporter(node)
        stack.callback(lambda: _end(exporter))
        config = folder / "prometheus.yml"
        targets = {"prometheus": port, "node": node, "watchbill": telemetry.port}
        config.write_text(_config(telemetry.url, recorder.url, targets))
        process = _prometheus(stack, folder, port)
        time.sleep(seconds * 0.4)
        _end(exporter)
        time.sleep(seconds * 0.2)
        exporter = _exporter(node)
        time.sleep(seconds * 0.4)
        config.write_text(_config(telemetry.url, recorder.url, dict.fromkeys(targets)))
        process.send_signal(1)
        until(lambda: recorder.seconds_silent() > 3 * INTERVAL_SECONDS + 2, 60)
        yield Both(telemetry.client, _client(port), recorder.recording())


@contextmanager
def replayed(recording: Recording) -> Iterator[Both]:
    """Send a recording to both, as if it had ended about an hour ago."""
    hour = 3_600_000
    recording = moved(recording, (int(time.time() * 1000) // hour - 1) * hour)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="differential-")))
        telemetry = _telemetry(stack, folder)
        port = free_port()
        (folder / "prometheus.yml").write_text("")
        _prometheus(stack, folder, port)
        client = _client(port)
        for plain in _bodies(recording):
            headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
            for receiver in (telemetry.client, client):
                answer = receiver.post("/api/v1/write", content=plain, headers=headers)
                answer.raise_for_status()
        yield Both(telemetry.client, client, recording)


def _bodies(recording: Recording) -> Iterator[bytes]:
    """Remote-write bodies in the order of time, one minute in each."""
    minutes: dict[int, dict[Labels, list[tuple[int, float]]]] = defaultdict(dict)
    for labels, samples in recording.items():
        for t, value in samples:
            minutes[t // 60_000].setdefault(labels, []).append((t, value))
    for _, series in sorted(minutes.items()):
        yield body(*((dict(labels), samples) for labels, samples in series.items()))


def _telemetry(stack: ExitStack, folder: Path) -> Telemetry:
    telemetry = Telemetry(folder, prelude=_WITHOUT_OWN_METRICS + machine_code.prelude()).start()
    stack.callback(telemetry.stop)
    return telemetry


def _client(port: int) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False)


def _prometheus(stack: ExitStack, folder: Path, port: int) -> subprocess.Popen[bytes]:
    log = stack.enter_context((folder / "prometheus.log").open("wb"))
    process = subprocess.Popen(
        ["prometheus", f"--config.file={folder / 'prometheus.yml'}",
         f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address=127.0.0.1:{port}",
         "--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=100y",
         "--query.max-concurrency=4"],
        stdout=log, stderr=log,
    )  # fmt: skip
    stack.callback(lambda: _end(process))
    client = _client(port)

    def ready() -> bool:
        try:
            return client.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    until(ready)
    return process


def _exporter(port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(20)


def _config(ours: str, recorder: str, targets: Mapping[str, int | None]) -> str:
    jobs = "".join(
        f"- job_name: {name}\n"
        + (f"  authorization: {{credentials: {TOKEN}}}\n" if name == "watchbill" else "")
        + f"  static_configs: [{{targets: {_listed(port)}, labels: {{instance: {name}-1}}}}]\n"
        for name, port in targets.items()
    )
    return (
        f"global: {{scrape_interval: {INTERVAL_SECONDS}s}}\n"
        f"scrape_configs:\n{jobs}"
        "remote_write:\n"
        f"- url: '{ours}/api/v1/write'\n"
        f"  authorization: {{credentials: {TOKEN}}}\n"
        "  queue_config: {batch_send_deadline: 1s}\n"
        f"- url: '{recorder}'\n"
        "  queue_config: {batch_send_deadline: 1s, max_shards: 1}\n"
    )


def _listed(port: int | None) -> str:
    """A target, or none: without any, Prometheus ends the series with staleness markers."""
    return f"['127.0.0.1:{port}']" if port else "[]"


class _Recorder:
    """A receiver of remote write that keeps every sample, staleness markers too."""

    def __enter__(self) -> "_Recorder":
        self._labels: list[Labels] = []
        self._kept: dict[Labels, dict[int, float]] = {}
        self._latest = time.monotonic()
        decoder = RemoteWriteDecoder(self._intern)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(handler) -> None:  # noqa: N805
                given = handler.rfile.read(int(handler.headers["Content-Length"]))
                self._keep(decoder.decode(given).samples)
                handler.send_response(204)
                handler.end_headers()

            def log_message(handler, *args: object) -> None:  # noqa: N805
                """Say nothing."""

        self._server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *given: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _intern(self, labels: Labels) -> int:
        self._labels.append(labels)
        return len(self._labels) - 1

    def _keep(self, samples: object) -> None:
        columns = zip(samples.slots.tolist(), samples.t.tolist(), samples.v.tolist(), strict=True)
        for slot, t, value in columns:
            self._kept.setdefault(self._labels[slot], {})[t] = value
            self._latest = time.monotonic()

    def seconds_silent(self) -> float:
        return time.monotonic() - self._latest

    def recording(self) -> Recording:
        return {labels: sorted(samples.items()) for labels, samples in self._kept.items()}

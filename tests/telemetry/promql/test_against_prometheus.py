"""The engine beside a real Prometheus on the same samples.

Queries keep clear of what changed between Prometheus 2 and 3: windows closed to the left (no
sample lies on a step here), the clamping of extrapolation, and newer functions.
"""

import math
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from tests.telemetry.promql.queries import METRICS

from watchbill.telemetry.promql.engine import range_
from watchbill.telemetry.promql.numbers import format_value
from watchbill.telemetry.promql.storage import InMemory, Labels, labels_of

START, STEP, STEPS = 1_700_000_000_000, 30_000, 40
Points = dict[tuple[Labels, int], float]
Ask = Callable[[str], Points]

QUERIES = """
a_total
a_total offset 45s
a_total{job="x"} @ 1700000300
b{host=~"h1.*",job!="y"}
rate(a_total[2m])
sum by (job) (rate(a_total[2m]))
increase(a_total[90s])
irate(a_total[2m])
delta(b[2m])
idelta(b[2m])
deriv(b[2m])
changes(b[3m])
resets(a_total[5m])
sum_over_time(b[2m])
avg_over_time(b[2m])
min_over_time(b[2m])
max_over_time(b[2m])
count_over_time(b[2m])
last_over_time(b[2m])
stddev_over_time(b[3m])
quantile_over_time(0.3, b[3m])
predict_linear(b[3m], 60)
avg without (host) (b)
max by (host) (b)
count(b)
stddev by (job) (b > 0)
quantile by (job) (0.7, b)
topk(100, b)
count_values("value", b > bool 10)
histogram_quantile(0.9, sum by (le, job) (rate(c_bucket[3m])))
a_total / on (job, host) b
a_total * on (job, host) group_left b
sum by (job) (a_total) / ignoring (job) group_left sum(a_total)
b > 5 and a_total > 5
b or a_total
b unless on (job, host) a_total{host="h1"}
b > bool 3
10 - b
b % 4 ^ 2
-b + 1
absent(a_total{job="none"})
absent_over_time(b[1m])
label_replace(b, "to", "$1-x", "host", "h(.*)")
label_join(b, "to", "/", "job", "host")
clamp(b, 2, 10)
round(b / 3, 0.5)
timestamp(b)
hour(timestamp(b))
vector(time())
scalar(sum(b))
max_over_time(rate(a_total[2m])[299999ms:17s])
""".strip().splitlines()


def fill() -> tuple[InMemory, str]:
    """The same samples in a store and in OpenMetrics text."""
    chance, store, lines = random.Random(7), InMemory(), []
    for metric in METRICS:
        lines.append(f"# TYPE {metric} unknown")
        for job in ("x", "y"):
            for host in ("", "h1", "h10"):
                for bound in ("0.1", "1", "+Inf") if metric == "c_bucket" else ("",):
                    labels = {"__name__": metric, "job": job, "host": host, "le": bound}
                    samples = walk(chance, 0.0 if metric == "b" else 10_000.0)
                    store.add(labels, samples)
                    shown = ",".join(f'{n}="{v}"' for n, v in labels.items() if n != "__name__")
                    lines += [
                        f"{metric}{{{shown}}} {format_value(value)} {at / 1000:.3f}"
                        for at, value in samples
                    ]
    return store, "\n".join([*lines, "# EOF", ""])


def walk(chance: random.Random, value: float) -> list[tuple[int, float]]:
    """A counter with gaps and resets (by half), never sampled at a whole second."""
    at, samples = START + 7, []
    for _ in range(60):
        at += chance.choice((15_000, 30_000))
        value = value / 2 if chance.random() < 0.05 else value + chance.choice((0, 1, 2.5, 7))
        if chance.random() > 0.1:
            samples.append((at, value))
    return samples


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ask, Ask]]:
    """Two ways to ask: our engine, and Prometheus."""
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        pytest.skip("needs prometheus and promtool")
    folder = tmp_path_factory.mktemp("prometheus")
    store, text = fill()
    (folder / "samples").write_text(text)
    (folder / "empty.yml").write_text("")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "samples", "data"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    server = f"127.0.0.1:{free_port()}"
    with subprocess.Popen(
        ["prometheus", "--config.file=empty.yml", "--storage.tsdb.path=data",
         "--storage.tsdb.retention.time=100y", f"--web.listen-address={server}"],
        cwd=folder, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            wait_for(f"http://{server}/-/ready")
            yield lambda query: ask_engine(store, query), lambda query: ask_peer(server, query)
        finally:
            process.terminate()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(url: str) -> None:
    for _ in range(200):
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(url)


def ask_engine(store: InMemory, query: str) -> Points:
    data = range_(store, query, START, START + STEP * STEPS, STEP).data
    return {
        (labels, at): value
        for labels, times, values in data.series()
        for at, value in zip(times.tolist(), values.tolist(), strict=True)
    }


def ask_peer(server: str, query: str) -> Points:
    span = {"start": START / 1000, "end": (START + STEP * STEPS) / 1000, "step": STEP / 1000}
    answer = httpx.post(f"http://{server}/api/v1/query_range", data={"query": query, **span})
    return {
        (labels_of(series["metric"]), round(at * 1000)): float(value)
        for series in answer.raise_for_status().json()["data"]["result"]
        for at, value in series["values"]
    }


@pytest.mark.peer
@pytest.mark.parametrize("query", QUERIES)
def test_the_answer_is_the_same(query: str, both: tuple[Ask, Ask]) -> None:
    ours, theirs = both[0](query), both[1](query)
    assert ours.keys() == theirs.keys()
    for key, value in ours.items():
        wanted = theirs[key]
        both_nan = math.isnan(value) and math.isnan(wanted)
        assert both_nan or math.isclose(value, wanted, rel_tol=1e-9, abs_tol=1e-9), key
    assert ours, "a query without an answer shows nothing"

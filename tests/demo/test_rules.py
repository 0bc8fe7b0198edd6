"""Debian's Prometheus scrapes the example and evaluates its rules, and each runbook is walked.

Every fault has to fire within 30 s of its injection at intervals of 5 s, its runbook's first checks
have to tell the fault apart, and its last checks have to come true after its command.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from tests.demo.conftest import Example, wait_for

from watchbill.demo import library
from watchbill.demo.faults import FAULTS
from watchbill.runbooks.parse import parse
from watchbill.runbooks.procedure import Check, Http

pytestmark = [
    pytest.mark.peer,
    pytest.mark.server,
    pytest.mark.skipif(not shutil.which("prometheus"), reason="prometheus is not installed"),
    pytest.mark.timeout(300),
]

CONFIG = """
global: {{scrape_interval: 5s, evaluation_interval: 5s}}
rule_files: ["{rules}/*.yml"]
scrape_configs:
  - job_name: shop
    file_sd_configs: [{{files: ["{targets}"]}}]
"""


@dataclass
class Prometheus:
    url: str

    def firing(self) -> set[str]:
        alerts = httpx.get(f"{self.url}/api/v1/alerts").json()["data"]["alerts"]
        return {it["labels"]["alertname"] for it in alerts if it["state"] == "firing"}

    def holds(self, expression: str) -> bool:
        """As a check step judges it: something came back, and none of it is zero."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": expression}).json()
        assert answer["status"] == "success", answer
        values = [float(sample["value"][1]) for sample in answer["data"]["result"]]
        return bool(values) and all(values)


@pytest.fixture(scope="module")
def prometheus(example: Example, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    config = CONFIG.format(rules=library.RULES, targets=example.place.targets)
    (folder / "prometheus.yml").write_text(config)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    argv = [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address={address}",
        "--log.level=error",
    ]
    process = subprocess.Popen(argv)
    peer = Prometheus(f"http://{address}")
    try:
        wait_for(lambda: ready(peer), 20, "Prometheus has scraped every service")
        yield peer
    finally:
        process.terminate()
        process.wait(20)


def ready(peer: Prometheus) -> bool:
    try:
        if httpx.get(f"{peer.url}/-/ready").status_code != 200:
            return False  # it answers already, and says that it is not ready
    except httpx.TransportError:
        return False
    return peer.holds('count(up{job="example"} == 1) == 3')


@pytest.fixture
def quiet(healthy: Example, prometheus: Prometheus) -> Prometheus:
    """Prometheus with nothing firing, and a few scrapes old."""
    wait_for(lambda: not prometheus.firing(), 90, "nothing fires")
    wait_for(lambda: prometheus.holds("sum(rate(orders_total[20s])) > 1"), 60, "orders come in")
    return prometheus


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_fires_in_time_and_its_runbook_mends_it(healthy: Example, quiet: Prometheus, fault):
    steps = parse(library.runbooks(healthy.place.ports())[fault.runbook]).steps
    at = [step.kind for step in steps].index("command")
    before = [step.do for step in steps[:at] if isinstance(step.do, Check)]
    if fault.name != "crash":  # its check is that nothing is under way, which is often so
        assert not all(quiet.holds(check.expression) for check in before)
    healthy.control("inject", fault.name)
    took = wait_for(lambda: fault.alert in quiet.firing(), 30, f"{fault.alert} fires")
    print(f"{fault.alert} fired after {took:.1f} s")
    for check in before:
        wait_for(lambda it=check: quiet.holds(it.expression), check.within + 20, check.expression)
    assert healthy.control(*steps[at].do.argv[1:]).returncode == 0
    begun = time.monotonic()
    for do in (step.do for step in steps[at + 1 :]):
        if isinstance(do, Check):
            wait_for(lambda it=do: quiet.holds(it.expression), do.within, do.expression)
        if isinstance(do, Http):
            assert httpx.request(do.method, do.url).status_code in do.expect
    wait_for(lambda: not quiet.firing(), 60, "nothing fires any more")
    print(f"recovered after {time.monotonic() - begun:.1f} s")


def test_half_a_minute_without_a_fault_stays_quiet(quiet: Prometheus):
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert quiet.firing() == set()
        time.sleep(2)

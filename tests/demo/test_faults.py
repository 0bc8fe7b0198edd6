"""Each fault is real: it shows in the metrics within seconds and its one command mends it."""

from collections.abc import Callable

import httpx
import pytest
import yaml
from tests.demo.conftest import Example, never, wait_for

from watchbill.demo import faults, library
from watchbill.demo.faults import FAULTS

pytestmark = pytest.mark.server


def failing(example: Example) -> Callable[[], bool]:
    """Whether more than 3 % of at least sixty checkouts failed since it was last asked so."""

    def counts() -> tuple[float, float]:
        read = example.metrics("checkout")
        codes = {code: read[f'http_requests_total{{path="/checkout",code="{code}"}}']
                 for code in ("200", "402", "502", "503")}  # fmt: skip
        return codes["502"] + codes["503"], sum(codes.values())

    failed_before, all_before = counts()

    def ask() -> bool:
        failed, every = counts()
        return every - all_before >= 60 and (failed - failed_before) / (every - all_before) > 0.03

    return ask


def charge_seconds(example: Example) -> Callable[[], float]:
    """The mean duration of charges since it was last asked so."""
    key = 'http_request_duration_seconds_{}{{path="/charge"}}'
    before = example.metrics("payments")

    def ask() -> float:
        after = example.metrics("payments")
        count = after[key.format("count")] - before[key.format("count")]
        return (after[key.format("sum")] - before[key.format("sum")]) / max(count, 1)

    return ask


def mend(example: Example, name: str) -> None:
    done = example.control(*FAULTS[name].mended)
    assert done.returncode == 0, done.stderr
    assert faults.active(example.shop) == []


def test_a_bad_release_fails_checkouts_until_it_is_rolled_back(healthy: Example):
    assert healthy.control("inject", "errors").returncode == 0
    assert faults.active(healthy.shop) == ["errors"]
    wait_for(failing(healthy), 20, "checkouts fail")
    assert healthy.metrics("payments")["pool_size"] == 2
    mend(healthy, "errors")
    assert healthy.metrics("payments")["pool_size"] == 20
    never(failing(healthy), 10, "checkouts still fail")


def test_a_report_slows_charges_until_it_is_stopped(healthy: Example):
    healthy.control("inject", "latency")
    slow = charge_seconds(healthy)
    wait_for(lambda: slow() > 0.25, 10, "charges are slow")
    mend(healthy, "latency")
    wait_for(
        lambda: healthy.metrics("payments")["http_requests_in_flight"] < 3, 5, "the jam clears"
    )
    quick = charge_seconds(healthy)
    wait_for(lambda: 0 < quick() < 0.15, 10, "charges are quick")


def test_a_sweeper_that_stands_still_eats_memory_until_the_cache_is_emptied(healthy: Example):
    before = healthy.metrics("catalogue")["process_resident_memory_bytes"]
    healthy.control("inject", "memory")

    def memory() -> float:
        return healthy.metrics("catalogue")["process_resident_memory_bytes"]

    wait_for(lambda: memory() > before + 20e6, 20, "memory grows by 20 MB")
    mend(healthy, "memory")
    wait_for(lambda: memory() < before + 10e6, 10, "memory is back")


def test_checkout_that_stopped_itself_stays_down_until_it_is_restarted(healthy: Example):
    healthy.control("inject", "crash")
    wait_for(lambda: faults.active(healthy.shop) == ["crash"], 5, "checkout is down")
    never(lambda: healthy.metrics("checkout"), 3, "it is restarted by itself")
    last = healthy.place.log("checkout").read_text().splitlines()[-1]
    assert "basket store does not add up" in last
    mend(healthy, "crash")
    assert httpx.get(healthy.url("checkout", "/health")).status_code == 200


def test_receipts_pile_up_until_the_queue_is_drained(healthy: Example):
    depth = 'queue_depth{queue="receipts"}'
    healthy.control("inject", "queue")
    wait_for(lambda: healthy.metrics("payments")[depth] > 40, 15, "receipts pile up")
    mend(healthy, "queue")
    wait_for(lambda: healthy.metrics("payments")[depth] < 5, 10, "the queue empties")


def test_injecting_twice_and_healing_what_is_not_there_do_nothing(healthy: Example):
    assert "not there" in healthy.control("heal", "latency").stdout
    assert "runs" in healthy.control("inject", "latency").stdout
    assert "already" in healthy.control("inject", "latency").stdout
    assert "fault latency" in healthy.control("status").stdout
    assert "stopped" in healthy.control("heal", "latency").stdout
    assert "no fault" in healthy.control("status").stdout


def test_the_control_says_what_it_cannot_do(healthy: Example, tmp_path):
    assert healthy.control("flush", "checkout").returncode == 2
    no_earlier = healthy.control("rollback", "catalogue")
    assert no_earlier.returncode == 1
    assert "no earlier release" in no_earlier.stderr
    too_many = healthy.control("pool", "payments", "1000")
    assert "from 1 to 200" in too_many.stderr
    nobody = Example(tmp_path, healthy.process).control("status")
    assert nobody.returncode == 1
    assert "No example system" in nobody.stderr


def test_the_pool_set_by_procedure_holds_over_a_restart(healthy: Example):
    healthy.control("pool", "payments", "30")
    healthy.control("restart", "payments")
    assert healthy.metrics("payments")["pool_size"] == 30
    healthy.control("pool", "payments", "20")
    assert healthy.metrics("payments")["pool_size"] == 20


def test_every_fault_has_its_alert_its_runbook_and_its_command():
    rules = yaml.safe_load((library.RULES / "shop.yml").read_text())["groups"][0]["rules"]
    runbook_of = {rule["alert"]: rule["annotations"]["runbook"] for rule in rules}
    texts = library.runbooks({"checkout": 1, "payments": 2, "catalogue": 3})
    assert {fault.alert for fault in FAULTS.values()} == set(runbook_of)
    for fault in FAULTS.values():
        assert runbook_of[fault.alert] == fault.runbook
        assert f"[example-control, {', '.join(fault.mended)}]" in texts[fault.runbook]

"""The example's supervisor: nobody is left behind, nobody stays dead, orders are kept."""

import json
import os
import signal
import time

import httpx
import pytest
from tests.demo.conftest import Example, Starter, alive, kill, wait_for

from watchbill.demo.run import targets

pytestmark = pytest.mark.server


@pytest.fixture
def own(start: Starter, tmp_path) -> Example:
    """An example that the test may kill."""
    return start(tmp_path)


def gone(pids: dict[str, int]) -> bool:
    return not any(map(alive, pids.values()))


def test_a_killed_process_comes_back_by_itself(own: Example):
    for name in ("checkout", "payments", "catalogue", "load"):
        before = own.pids()[name]
        kill(before)
        wait_for(lambda name=name, before=before: own.pids().get(name, before) != before, 5, name)
    wait_for(own.answers, 10, "all services answer again")


def test_after_kill_9_of_the_supervisor_nobody_is_left(own: Example):
    pids = own.pids()
    assert pids.keys() == {"supervisor", "checkout", "payments", "catalogue", "load"}
    kill(own.process.pid)
    own.process.wait()
    wait_for(lambda: gone(pids), 3, "everything ended")


def test_it_ends_with_its_lifeline(start: Starter, tmp_path):
    reading, writing = os.pipe()
    example = start(tmp_path, fds=(reading,), more=("--lifeline", str(reading)))
    os.close(reading)
    pids = example.pids()
    os.close(writing)
    assert example.process.wait(5) == 0
    wait_for(lambda: gone(pids), 1, "everything ended")


def test_a_polite_stop_is_quick_and_complete(own: Example):
    pids, begun = own.pids(), time.monotonic()
    own.process.send_signal(signal.SIGTERM)
    assert own.process.wait(5) == 0
    assert time.monotonic() - begun < 4
    assert gone(pids)
    assert own.pids() == {}


def test_a_second_start_keeps_ports_and_releases(start: Starter, tmp_path):
    first = start(tmp_path)
    ports = first.place.ports()
    first.control("inject", "errors")
    first.process.send_signal(signal.SIGTERM)
    first.process.wait(5)
    second = start(tmp_path)
    assert second.place.ports() == ports
    assert second.shop.state()["payments"]["version"] == "4.12"
    assert "4.11" in second.control("rollback", "payments").stdout


def test_discovery_names_the_services_the_same_on_every_port(own: Example):
    listed = json.loads(own.place.targets.read_text())
    assert listed == targets(own.place.ports())
    assert [it["labels"] for it in listed] == [
        {"job": "example", "instance": f"{name}-1", "service": name}
        for name in ("checkout", "payments", "catalogue")
    ]
    for it in listed:
        assert "build_info" in httpx.get(f"http://{it['targets'][0]}/metrics").text


def test_orders_need_the_token_and_make_sense(own: Example):
    url, token = own.url("supervisor", "/restart"), own.place.token()
    assert httpx.post(url, json={"service": "payments"}).status_code == 401
    headers = {"Authorization": f"Bearer {token}"}
    for body, hint in (({}, "service"), ({"service": "load"}, "no service load")):
        answer = httpx.post(url, json=body, headers=headers)
        assert answer.status_code == 422
        assert hint in answer.json()["error"]
    assert httpx.get(url, headers=headers).status_code == 404


def test_customers_do_not_notice_a_deployment(own: Example):
    time.sleep(1)
    for _ in range(3):
        own.control("restart", "payments")
        own.control("restart", "catalogue")
        time.sleep(0.5)
    codes = own.metrics("checkout")
    assert codes['http_requests_total{path="/checkout",code="503"}'] == 0
    assert codes['http_requests_total{path="/checkout",code="502"}'] <= 1  # the card processor's
    assert codes['http_requests_total{path="/checkout",code="200"}'] > 10

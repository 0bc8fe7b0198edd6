"""The shop: three services that answer, count, log and can be operated."""

import json
import os
import time
from pathlib import Path

import httpx
import pytest
from tests.demo.conftest import Example, wait_for

pytestmark = pytest.mark.server

BASKET = {"basket": ["p1", "p2"], "card": "4242"}


def test_a_basket_is_priced_charged_and_can_be_followed_through_the_logs(example: Example):
    cents = [
        httpx.get(example.url("catalogue", f"/products/{sku}")).json()["cents"]
        for sku in BASKET["basket"]
    ]
    for attempt in range(20):  # three in a hundred cards are declined
        request = f"test-{attempt}"
        answer = httpx.post(
            example.url("checkout", "/checkout"), json=BASKET, headers={"X-Request-Id": request}
        )
        if answer.status_code == 200:
            break
    assert answer.json()["cents"] == sum(cents)
    for service in ("checkout", "payments", "catalogue"):
        lines = [json.loads(line) for line in example.place.log(service).read_text().splitlines()]
        mine = [line for line in lines if line.get("request") == request]
        assert mine, f"{service} logged nothing of {request}"
        assert mine[0]["service"] == service
        assert mine[0]["code"] == 200
        assert {"time", "level", "message", "seconds", "version"} <= mine[0].keys()


def test_an_order_is_charged_once(example: Example):
    charge = {"order": "twice", "cents": 1200, "card": "4242"}
    url = example.url("payments", "/charge")
    while (first := httpx.post(url, json=charge)).status_code != 200:
        assert first.status_code in (402, 502)
    assert httpx.post(url, json=charge).json() == {"charged": 1200, "again": True}


def test_customers_come_by_themselves_and_are_counted(example: Example):
    name = 'http_requests_total{path="/checkout",code="200"}'
    before = example.metrics("checkout")
    wait_for(lambda: example.metrics("checkout")[name] >= before[name] + 10, 10, "ten orders")
    after = example.metrics("checkout")
    count = 'http_request_duration_seconds_count{path="/checkout"}'
    top = 'http_request_duration_seconds_bucket{path="/checkout",le="+Inf"}'
    assert after[count] == after[top] > before[count]
    assert 10e6 < after["process_resident_memory_bytes"] < 60e6
    assert after['build_info{version="7.4"}'] == 1


def test_the_example_costs_the_machine_little(example: Example):
    def cpu(pid: int) -> float:
        user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def private(pid: int) -> int:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) * 1024

    pids, seconds = example.pids(), 5
    before = {name: cpu(pid) for name, pid in pids.items()}
    time.sleep(seconds)
    share = {name: (cpu(pid) - before[name]) / seconds for name, pid in pids.items()}
    assert share["load"] < 0.05, "of a core"
    assert sum(share.values()) < 0.15
    assert sum(map(private, pids.values())) < 130e6


@pytest.mark.parametrize("service", ["checkout", "payments", "catalogue"])
def test_what_operates_a_service_needs_the_token(example: Example, service: str):
    state = example.url(service, "/admin/state")
    assert httpx.get(state).status_code == 401
    assert httpx.get(state, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert (
        httpx.post(example.url(service, "/admin/fault"), json={"name": "crash"}).status_code == 401
    )
    token = {"Authorization": f"Bearer {example.place.token()}"}
    assert httpx.get(state, headers=token).json()["service"] == service
    unknown = httpx.post(example.url(service, "/admin/fault"), json={"name": "x"}, headers=token)
    assert unknown.status_code == 422
    assert (
        httpx.post(example.url(service, "/admin/none"), json={}, headers=token).status_code == 404
    )


def test_nonsense_is_answered_and_hurts_nobody(example: Example):
    checkout, payments = example.url("checkout", "/checkout"), example.url("payments", "/charge")
    assert httpx.post(checkout, content=b"{").status_code == 400
    assert httpx.post(checkout, content=b"[1]").status_code == 400
    assert httpx.post(checkout, json={"basket": "p1"}).status_code == 422
    assert httpx.post(checkout, json={"basket": ["none"]}).status_code == 502
    assert httpx.post(payments, json={"order": "x", "cents": -1}).status_code == 422
    assert httpx.get(checkout).status_code == 404
    assert httpx.get(example.url("catalogue", "/products/none")).status_code == 404
    assert httpx.get(example.url("catalogue", "/productsp1")).status_code == 404


def test_the_token_and_the_ports_are_the_owners_alone(example: Example):
    for name in ("token", "ports.json"):
        assert (example.place.folder / name).stat().st_mode & 0o077 == 0

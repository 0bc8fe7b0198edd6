"""Under load telemetry answers: some queries run, some wait, the rest are told to come again."""

import threading
import time
from collections import Counter
from collections.abc import Callable

import httpx
import pytest
from tests.telemetry.server_process import TOKEN, Telemetry, until

pytestmark = pytest.mark.server
FOR_RULES = {"X-Watchbill-Purpose": "rules"}
HEAVY = " + ".join(["sum_over_time(vector(1)[1000s:2ms])"] * 10 * 12)


@pytest.fixture
def small(tmp_path) -> Telemetry:
    telemetry = Telemetry(tmp_path, at_once=1, waiting=2, samples=2_000_000).start()
    yield telemetry
    telemetry.client.close()
    telemetry.stop()


def in_threads(count: int, ask: Callable[[], None]) -> list[threading.Thread]:
    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_what_is_too_much_is_refused_with_when_to_come_again(small: Telemetry) -> None:
    statuses: Counter[int] = Counter()
    retry: set[str | None] = set()

    def ask() -> None:
        answer = httpx.get(
            f"{small.url}/api/v1/query", params={"query": HEAVY}, timeout=60, trust_env=False,
            headers={"Authorization": f"Bearer {TOKEN}"},
        )  # fmt: skip
        statuses[answer.status_code] += 1
        if answer.status_code == 503:
            assert answer.json()["errorType"] == "unavailable"
            retry.add(answer.headers.get("Retry-After"))

    threads = in_threads(8, ask)
    names = small.client.get("/api/v1/label/__name__/values")  # names do not wait for queries
    assert names.status_code == 200
    began = time.monotonic()
    rule = small.client.get("/api/v1/query", params={"query": "1"}, headers=FOR_RULES)
    assert rule.status_code == 200  # neither do rules
    assert time.monotonic() - began < 2
    shown = small.client.get("/api/v1/status/queries").json()["data"]
    for thread in threads:
        thread.join()
    assert statuses == {200: 3, 503: 5}
    assert retry == {"1"}
    assert shown["limits"] == {
        "timeoutSeconds": 120.0, "samples": 2_000_000, "atOnce": 1, "waiting": 2,
    }  # fmt: skip
    later = small.client.get("/api/v1/status/queries").json()["data"]
    assert (later["refused"], later["running"], later["waiting"]) == (5, [], 0)
    page = small.client.get("/metrics").text
    assert 'watchbill_telemetry_queries_total{outcome="unavailable"} 5' in page
    assert 'watchbill_telemetry_queries_total{outcome="ok"} 4' in page


def test_a_query_that_holds_too_much_is_refused(small: Telemetry) -> None:
    answer = small.client.get("/api/v1/query", params={"query": "sum_over_time(vector(1)[1h:1ms])"})
    assert (answer.status_code, answer.json()["errorType"]) == (422, "execution")
    assert "too many samples" in answer.json()["error"]


def test_those_who_left_take_no_place_in_the_queue(small: Telemetry) -> None:
    def leave() -> None:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(
                f"{small.url}/api/v1/query", params={"query": HEAVY}, timeout=0.3,
                trust_env=False, headers={"Authorization": f"Bearer {TOKEN}"},
            )  # fmt: skip

    for thread in in_threads(3, leave):
        thread.join()
    began = time.monotonic()
    until(lambda: small.client.get("/api/v1/query", params={"query": "1"}).status_code == 200)
    assert time.monotonic() - began < 5

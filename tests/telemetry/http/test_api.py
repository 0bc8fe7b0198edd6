"""The Prometheus HTTP API, path by path, on a running process."""

from typing import Any

import pytest
from tests.telemetry.http.conftest import SECRET
from tests.telemetry.server_process import Telemetry, until

pytestmark = pytest.mark.server


def data(asked: Telemetry, path: str, **given: Any) -> Any:
    answer = asked.client.get(f"/api/v1/{path}", params=given)
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "success"
    return answer.json()["data"]


def test_a_limit_cuts_and_says_so(asked: Telemetry, now: int) -> None:
    for path, given in (
        ("query", {"query": "m", "time": now}),
        ("query_range", {"query": "m", "start": now - 5, "end": now, "step": 1}),
        ("series", {"match[]": "m"}),
        ("labels", {}),
        ("label/i/values", {}),
    ):
        answer = asked.client.get(f"/api/v1/{path}", params={**given, "limit": 2}).json()
        found = answer["data"]["result"] if "query" in path else answer["data"]
        assert (len(found), answer["warnings"]) == (2, ["results truncated due to limit"])
        answer = asked.client.get(f"/api/v1/{path}", params={**given, "limit": 1000}).json()
        assert "warnings" not in answer


def test_stats_tell_what_a_query_cost(asked: Telemetry, now: int) -> None:
    stats = data(asked, "query", query="sum_over_time(m[5s])", time=now, stats="all")["stats"]
    assert stats["samples"] == {"totalQueryableSamples": 15, "peakSamples": 15}
    timings = stats["timings"]
    assert 0 < timings["evalTotalTime"] <= timings["execTotalTime"] < 10
    assert timings["execQueueTime"] >= 0
    assert "stats" not in data(asked, "query", query="m")


def test_lookback_delta_says_how_old_a_value_may_be(asked: Telemetry, now: int) -> None:
    assert len(data(asked, "query", query="m", time=now + 20)["result"]) == 3
    given = {"query": "m", "time": now + 20, "lookback_delta": "10s"}
    assert data(asked, "query", **given)["result"] == []


def test_a_time_out_ends_a_query(asked: Telemetry) -> None:
    heavy = " + ".join(["sum_over_time(vector(1)[1000s:2ms])"] * 100)
    answer = asked.client.post("/api/v1/query", data={"query": heavy, "timeout": "200ms"})
    assert (answer.status_code, answer.json()["errorType"]) == (503, "timeout")
    assert answer.json()["error"] == "query timed out in expression evaluation"


def test_wrong_parameters_are_named_as_prometheus_names_them(asked: Telemetry) -> None:
    def error(path: str, **given: Any) -> str:
        answer = asked.client.get(f"/api/v1/{path}", params=given)
        assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data")
        return str(answer.json()["error"])

    assert error("query") == (
        'invalid parameter "query": 1:1: parse error: no expression found in input'
    )
    assert error("query_range", query="m") == (
        'invalid parameter "start": cannot parse "" to a valid timestamp'
    )
    assert error("query_range", query="m", start=1, end=2, step="often") == (
        'invalid parameter "step": cannot parse "often" to a valid duration'
    )
    assert "zero or negative" in error("query_range", query="m", start=1, end=2, step="-1")
    assert error("series") == "no match[] parameter provided"
    assert "end timestamp" in error("series", **{"match[]": "m", "start": 2, "end": 1})
    assert error("label/U__bad_zz_/values") == 'invalid label name: "U__bad_zz_"'
    assert "active, dropped, any" in error("targets", state="new")


def test_names_in_utf8_are_reached_in_their_escaped_form(asked: Telemetry) -> None:
    assert data(asked, "label/U__http_2e_status/values") == ['a"b']
    assert "http.requests" in data(asked, "label/__name__/values")


def test_targets_by_state_and_pool(asked: Telemetry) -> None:
    everything = until(
        lambda: [
            t
            for t in data(asked, "targets")["activeTargets"]
            if t["scrapePool"] == "dead" and t["health"] == "down"
        ]
    )
    assert everything[0]["scrapeInterval"] == "1m"
    assert everything[0]["lastError"]
    found = data(asked, "targets", state="dropped")
    assert found["activeTargets"] == []
    assert [t["discoveredLabels"]["__address__"] for t in found["droppedTargets"]] == ["dropped:1"]
    (own,) = data(asked, "targets", scrapePool="self", state="active")["activeTargets"]
    assert (own["health"], own["labels"]["job"]) == ("up", "self")
    assert data(asked, "scrape_pools") == {"scrapePools": ["dead", "self", "watchbill"]}


def test_what_is_measured_without_http_is_a_target_too(asked: Telemetry) -> None:
    (own,) = until(
        lambda: [
            t
            for t in data(asked, "targets", scrapePool="watchbill")["activeTargets"]
            if t["health"] == "up"
        ]
    )
    assert own["scrapeUrl"] == "local:watchbill"
    assert own["labels"]["job"] == "watchbill"
    assert own["scrapeInterval"] == "15s"
    assert own["lastError"] == ""
    assert own["lastScrapeDuration"] > 0
    rows = data(asked, "targets/metadata", match_target='{job="watchbill"}', limit=1000)
    assert "process_open_fds" in {row["metric"] for row in rows}


def test_metadata_by_target(asked: Telemetry) -> None:
    name = "watchbill_telemetry_query_duration_seconds"
    until(lambda: data(asked, "metadata", metric=name))
    rows = data(asked, "targets/metadata", match_target='{job="self"}', metric=name)
    assert [(row["target"]["job"], row["type"]) for row in rows] == [("self", "histogram")]
    every = data(asked, "targets/metadata", match_target="{}", limit=3)
    assert len(every) == 3
    assert all(row["metric"] and row["help"] for row in every)
    assert data(asked, "targets/metadata", metric="none") == []
    assert data(asked, "metadata", limit=0) == {}
    assert len(data(asked, "metadata", limit=-1)) > 3


def test_what_is_not_here_is_empty_and_says_where_it_is(asked: Telemetry) -> None:
    for path, empty in (("rules", {"groups": []}), ("alerts", {"alerts": []})):
        answer = asked.client.get(f"/api/v1/{path}").json()
        assert answer["data"] == empty
        assert f"/telemetry/api/v1/{path}" in answer["infos"][0]
    assert data(asked, "alertmanagers") == {
        "activeAlertmanagers": [],
        "droppedAlertmanagers": [],
    }
    assert data(asked, "notifications") == []


def test_the_configuration_is_shown_without_secrets(asked: Telemetry) -> None:
    shown = data(asked, "status/config")["yaml"]
    assert SECRET not in shown
    assert "password: <secret>" in shown
    assert "job_name: dead" in shown


def test_the_state_of_the_process(asked: Telemetry) -> None:
    flags = data(asked, "status/flags")
    assert (flags["query.timeout"], flags["query.max-concurrency"]) == ("2m", "2")
    assert data(asked, "status/runtimeinfo")["storageRetention"] == "40d"
    assert data(asked, "status/runtimeinfo")["reloadConfigSuccess"] is True
    assert data(asked, "status/walreplay")["state"] == "done"
    assert data(asked, "status/buildinfo")["application"] == "watchbill"
    cardinality = data(asked, "status/tsdb", limit=2)
    assert cardinality["headStats"]["numSeries"] > 4
    assert len(cardinality["seriesCountByMetricName"]) == 2
    assert data(asked, "features")["promql_functions"]["rate"] is True


def test_slow_queries_are_shown_with_who_asked(asked: Telemetry, now: int) -> None:
    text = "sum(count_over_time(m[30s]))"
    agent = {"User-Agent": "Grafana/12.0.0"}
    given = {"query": text, "start": now - 60, "end": now, "step": 2}
    asked.client.get("/api/v1/query_range", params=given, headers=agent)
    asked.client.get("/api/v1/query", params={"query": f"{text} +"})
    shown = data(asked, "status/queries")
    assert shown["limits"]["atOnce"] == 2
    by_text = {one["query"]: one for one in shown["slowest"]}
    slow = by_text[text]
    assert (slow["client"], slow["outcome"]) == ("Grafana/12.0.0", "ok")
    assert slow["range"] == "1m by 2s"
    assert slow["samples"] > 0
    assert by_text[f"{text} +"]["outcome"] == "bad_data"


def test_what_is_unknown_is_404(asked: Telemetry) -> None:
    assert asked.client.get("/api/v1/nothing").status_code == 404
    assert asked.client.post("/api/v1/admin/tsdb/delete_series").status_code == 404

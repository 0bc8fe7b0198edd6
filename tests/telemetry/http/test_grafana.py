"""The requests that Grafana's Prometheus data source makes, answered as it needs them.

Recorded by their paths, forms and headers (Grafana 11 and 12, server mode, HTTP method POST, and
GET as it is set by some).
"""

from typing import Any

import pytest
from tests.telemetry.server_process import Telemetry

pytestmark = pytest.mark.server

HEADERS = {
    "User-Agent": "Grafana/12.0.0",
    "Accept-Encoding": "gzip",
    "X-Grafana-Org-Id": "1",
    "X-Dashboard-Uid": "adn3k2m",
    "X-Panel-Id": "2",
}


def grafana(asked: Telemetry, method: str, path: str, **given: Any) -> Any:
    how = {"data": given} if method == "POST" else {"params": given}
    answer = asked.client.request(method, f"/api/v1/{path}", headers=HEADERS, **how)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["status"] == "success"
    return body["data"]


def test_save_and_test(asked: Telemetry, now: int) -> None:
    found = grafana(asked, "POST", "query", query="1+1", time=f"{now}.123")
    assert found == {"resultType": "scalar", "result": [now + 0.123, "2"]}
    version = grafana(asked, "GET", "status/buildinfo")["version"]
    assert int(version.split(".")[0]) >= 3  # so it asks for names in UTF-8, and with limits
    assert grafana(asked, "GET", "rules") == {"groups": []}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_panel(asked: Telemetry, now: int, method: str) -> None:
    start = now // 15 * 15 - 45
    found = grafana(asked, method, "query_range", query="sum by(i) (rate(m[20s]))",
                    start=str(start), end=f"{now}", step="15")  # fmt: skip
    assert found["resultType"] == "matrix"
    assert [row["metric"] for row in found["result"]] == [{"i": "1"}, {"i": "2"}, {"i": "3"}]
    assert float(found["result"][1]["values"][-1][1]) == 2.0
    table = grafana(asked, method, "query", query='topk(2, m{i!=""})', time=f"{now}.5")
    assert [row["value"] for row in table["result"]] == [[now + 0.5, "180"], [now + 0.5, "120"]]
    exemplars = grafana(asked, method, "query_exemplars", query="rate(m[20s])",
                        start=str(start), end=str(now))  # fmt: skip
    assert exemplars == []


def test_the_query_builder(asked: Telemetry, now: int) -> None:
    span = {"start": str(now - 3600), "end": str(now), "limit": "40000"}
    names = grafana(asked, "GET", "label/__name__/values", **span)
    assert {"m", "up", "http.requests"} <= set(names)
    narrowed = grafana(asked, "GET", "label/i/values", **{**span, "match[]": '{__name__="m"}'})
    assert narrowed == ["1", "2", "3"]
    assert grafana(asked, "GET", "label/U__http_2e_status/values", **span) == ['a"b']
    for method in ("GET", "POST"):
        assert grafana(asked, method, "labels", **{**span, "match[]": 'm{i="1"}'}) == [
            "__name__", "i",
        ]  # fmt: skip
        assert grafana(asked, method, "series", **{**span, "match[]": 'm{i="1"}'}) == [
            {"__name__": "m", "i": "1"}
        ]
    assert isinstance(grafana(asked, "GET", "metadata", limit="40000"), dict)


def test_a_mistake_reaches_the_person(asked: Telemetry, now: int) -> None:
    answer = asked.client.post(
        "/api/v1/query_range", headers=HEADERS,
        data={"query": "rate(m)", "start": now - 60, "end": now, "step": "15"},
    )  # fmt: skip
    assert answer.status_code == 400
    assert answer.json() == {
        "status": "error",
        "errorType": "bad_data",
        "error": 'invalid parameter "query": 1:6: parse error: expected type range vector in call '
        'to function "rate", got instant vector',
    }

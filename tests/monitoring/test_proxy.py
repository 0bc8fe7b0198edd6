"""What browsers reach of telemetry: few paths, under a session or a token, passed on as it is."""

import pytest
from django.test import Client
from tests.prometheus_server import Telemetry, failure, vector

from watchbill import prometheus
from watchbill.people.identify import digest
from watchbill.people.models import Person, Token

pytestmark = pytest.mark.django_db
QUERY = "/telemetry/api/v1/query"


def test_without_a_session_nothing_is_passed_on(client: Client, telemetry: Telemetry) -> None:
    answer = client.get(QUERY, {"query": "up"})
    assert (answer.status_code, answer.json()["errorType"]) == (401, "unauthorized")
    assert telemetry.asked == []


@pytest.mark.parametrize(
    "path",
    ["admin/tsdb/delete_series", "write", "../../admin", "label/a/b/values", "targets",
     "label/__name__/values/x", "label/%2e%2e/values", "label/a%3f/values", "labelx", "QUERY",
     "query/", "query%0a"],
)  # fmt: skip
def test_only_reads_are_passed_on(
    path: str, client: Client, jun: Person, telemetry: Telemetry
) -> None:
    client.force_login(jun)
    assert client.get(f"/telemetry/api/v1/{path}").status_code == 404
    assert client.post(f"/telemetry/api/v1/{path}").status_code == 404
    assert telemetry.asked == []


def test_a_query_goes_through_as_it_is(client: Client, jun: Person, telemetry: Telemetry) -> None:
    client.force_login(jun)
    telemetry.says(vector(({"a": "b"}, "1")))
    answer = client.get(QUERY, {"query": "up", "time": "5"})
    assert answer.json()["data"]["result"][0]["value"] == [1000.5, "1"]
    assert answer.headers["Content-Type"] == "application/json"
    passed_on = {"query": ["up"], "time": ["5"], "timeout": ["27s"]}
    assert telemetry.asked == [("POST", "/api/v1/query", passed_on)]
    assert telemetry.credentials == ["Bearer let me in"]


def test_a_time_limit_of_ones_own_stays(client: Client, jun: Person, telemetry: Telemetry) -> None:
    client.force_login(jun)
    client.get(QUERY, {"query": "up", "timeout": "3s"})
    assert telemetry.asked[0][2] == {"query": ["up"], "timeout": ["3s"]}


@pytest.mark.parametrize("path", ["query_exemplars", "format_query", "parse_query"])
def test_what_else_is_passed_on(
    path: str, client: Client, jun: Person, telemetry: Telemetry
) -> None:
    client.force_login(jun)
    client.get(f"/telemetry/api/v1/{path}", {"query": "up"})
    assert telemetry.asked == [("POST", f"/api/v1/{path}", {"query": ["up"]})]


def test_a_form_and_several_of_a_name(client: Client, jun: Person, telemetry: Telemetry) -> None:
    client.force_login(jun)
    client.post("/telemetry/api/v1/series?start=1", {"match[]": ["a", "b"]})
    assert telemetry.asked[0][2] == {"start": ["1"], "match[]": ["a", "b"]}
    client.get("/telemetry/api/v1/label/__name__/values", {"limit": "3"})
    assert telemetry.asked[1] == ("GET", "/api/v1/label/__name__/values", {"limit": ["3"]})


def test_a_wrong_query_keeps_its_status(client: Client, jun: Person, telemetry: Telemetry) -> None:
    client.force_login(jun)
    telemetry.fails(400, failure("bad_data", "1:1: parse error: no"))
    answer = client.get(QUERY, {"query": ")"})
    assert (answer.status_code, answer.json()["error"]) == (400, "1:1: parse error: no")


def test_away(client: Client, jun: Person, away: None) -> None:
    client.force_login(jun)
    answer = client.get(QUERY, {"query": "up"})
    assert (answer.status_code, answer.json()["errorType"]) == (503, "unavailable")


def test_an_answer_too_large(
    client: Client, jun: Person, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prometheus, "LARGEST_ANSWER", 1 << 20)
    client.force_login(jun)
    telemetry.fails(200, b" " * (2 << 20))
    answer = client.get(QUERY, {"query": "up"})
    assert (answer.status_code, answer.json()["errorType"]) == (422, "execution")


def test_our_own_credential_refused_is_no_sign_out(
    client: Client, jun: Person, telemetry: Telemetry
) -> None:
    client.force_login(jun)
    telemetry.fails(401, b"")
    assert client.get(QUERY, {"query": "up"}).status_code == 502


def test_a_query_too_long(client: Client, jun: Person, telemetry: Telemetry) -> None:
    client.force_login(jun)
    assert client.post(QUERY, {"query": "x" * 70_000}).status_code == 413
    assert telemetry.asked == []


def test_tokens(client: Client, jun: Person, telemetry: Telemetry) -> None:
    for kind, status in (("personal", 200), ("source", 401)):
        Token.objects.create(
            kind=kind, person=jun, name=kind, sha256=digest(kind), scopes=["query"]
        )
        answer = client.get(QUERY, {"query": "up"}, headers={"Authorization": f"Bearer {kind}"})
        assert answer.status_code == status

"""The Alertmanager API as Prometheus and amtool use it (bodies as they were seen on the wire)."""

import json
from collections.abc import Callable
from datetime import timedelta
from unittest.mock import patch

import pytest
import yaml
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client

from watchbill.alerts import intake
from watchbill.alerts.models import Alert, Silence
from watchbill.lib import clock
from watchbill.people.models import House, Person, Token

API = "/alertmanager/api/v2"
JSON = "application/json"
SOURCE = {"authorization": "Bearer source-secret"}
SAM = {"authorization": "Bearer sams-secret"}
FROM_AMTOOL = (
    b'[{"annotations":{"summary":"hi"},"endsAt":"0001-01-01T00:00:00.000Z",'
    b'"startsAt":"0001-01-01T00:00:00.000Z","labels":{"alertname":"foo","node":"bar"}}]\n'
)


@pytest.fixture(autouse=True)
def at_once() -> object:
    """Store in the test's own transaction: the writer's thread has its own test."""
    with patch.object(
        intake.WRITER, "put", lambda alerts: intake.store(alerts, clock.now())
    ) as put:
        yield put


def post(client: Client, path: str, data: object, headers: dict[str, str]) -> HttpResponse:
    raw = data if isinstance(data, bytes) else json.dumps(data)
    return client.post(f"{API}/{path}", raw, content_type=JSON, headers=headers)  # type: ignore[return-value]


def silence(**labels: str) -> dict[str, object]:
    """As amtool posts it."""
    now = clock.now()
    matchers = [
        {"isEqual": True, "isRegex": False, "name": name, "value": text}
        for name, text in labels.items()
    ]
    return {
        "comment": "planned", "createdBy": "me", "matchers": matchers,
        "startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat(),
    }  # fmt: skip


def test_an_alert_goes_in_and_is_listed(client: Client, source: Token) -> None:
    assert post(client, "alerts", FROM_AMTOOL, SOURCE).status_code == 200
    query = "active=true&inhibited=false&silenced=false&unprocessed=false"
    (listed,) = client.get(f"{API}/alerts?{query}", headers=SOURCE).json()
    assert listed["labels"] == {"alertname": "foo", "node": "bar"}
    assert listed["status"] == {
        "state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []
    }  # fmt: skip
    assert listed["receivers"] == [{"name": "watchbill"}]
    assert {"startsAt", "endsAt", "updatedAt", "fingerprint", "generatorURL"} < listed.keys()


@pytest.mark.parametrize(
    ("query", "count"), [("", 1), ('filter=node="bar"', 1), ("filter=node!=bar", 0),
                         ("active=false", 0), ('filter=alertname=~"f.*"&filter=node=~"b."', 0)],
)  # fmt: skip
def test_the_list_is_narrowed(client: Client, source: Token, query: str, count: int) -> None:
    post(client, "alerts", FROM_AMTOOL, SOURCE)
    assert len(client.get(f"{API}/alerts?{query}", headers=SOURCE).json()) == count


def test_what_amtool_asks_first(client: Client, source: Token) -> None:
    status = client.get(f"{API}/status", headers=SOURCE).json()
    assert yaml.safe_load(status["config"]["original"])["route"] == {"receiver": "watchbill"}
    assert client.get(f"{API}/receivers", headers=SOURCE).json() == [{"name": "watchbill"}]
    post(client, "alerts", FROM_AMTOOL, SOURCE)
    (group,) = client.get(f"{API}/alerts/groups", headers=SOURCE).json()
    assert group["labels"] == {"alertname": "foo"}
    assert len(group["alerts"]) == 1


def test_who_may_not_send(client: Client, source: Token) -> None:
    assert post(client, "alerts", FROM_AMTOOL, {}).status_code == 401
    assert post(client, "alerts", FROM_AMTOOL, {"authorization": "Bearer x"}).status_code == 401
    Token.objects.update(scopes=["write"])
    refused = post(client, "alerts", FROM_AMTOOL, SOURCE)
    assert (refused.status_code, "scope" in refused.json()) == (403, True)
    assert not Alert.objects.exists()


def test_a_browsers_session_may_read_but_not_send(client: Client, sam: Person) -> None:
    client.force_login(sam)
    assert client.get(f"{API}/alerts").status_code == 200
    assert post(client, "alerts", FROM_AMTOOL, {}).status_code == 403
    assert post(client, "silences", silence(alertname="foo"), {}).status_code == 403


@pytest.mark.parametrize("wrong", [b"{", b'[{"labels": {}}]', b'[{"labels": {"": "x"}}]'])
def test_what_is_no_alert_is_never_to_be_sent_again(
    client: Client, source: Token, wrong: bytes
) -> None:
    assert post(client, "alerts", wrong, SOURCE).status_code == 400


@pytest.mark.parametrize("error", [OperationalError("disk is full"), TimeoutError()])
def test_what_cannot_be_stored_now_is_to_be_sent_again(
    client: Client, source: Token, error: Exception
) -> None:
    with patch.object(intake.WRITER, "put", side_effect=error):
        answer = post(client, "alerts", FROM_AMTOOL, SOURCE)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_a_silence_is_made_listed_used_and_ended(
    client: Client, source: Token, personal: Token, house: House
) -> None:
    post(client, "alerts", FROM_AMTOOL, SOURCE)
    made = post(client, "silences", silence(alertname="foo"), SAM)
    assert made.status_code == 200, made.content
    name = made.json()["silenceID"]
    (listed,) = client.get(f"{API}/silences", headers=SAM).json()
    assert (listed["id"], listed["status"]["state"]) == (name, "active")
    assert (listed["createdBy"], listed["comment"]) == ("sam", "planned")
    (alert,) = client.get(f"{API}/alerts", headers=SAM).json()
    assert alert["status"]["state"] == "suppressed"
    assert alert["status"]["silencedBy"] == [name]
    assert client.get(f"{API}/alerts?silenced=false", headers=SAM).json() == []
    assert client.delete(f"{API}/silence/{name}", headers=SAM).status_code == 200
    assert client.get(f"{API}/silence/{name}", headers=SAM).json()["status"]["state"] == "expired"


def test_a_silence_is_replaced(client: Client, personal: Token, house: House) -> None:
    first = post(client, "silences", silence(alertname="foo"), SAM).json()["silenceID"]
    second = post(client, "silences", {**silence(alertname="bar"), "id": first}, SAM)
    assert second.json()["silenceID"] != first
    states = [s.state(clock.now()) for s in Silence.objects.order_by("id")]
    assert states == ["expired", "active"]


def test_a_silence_is_a_persons_act(client: Client, source: Token, personal: Token) -> None:
    refused = post(client, "silences", silence(alertname="foo"), SOURCE)
    assert refused.status_code == 403
    assert "personal token" in refused.json()
    assert not Silence.objects.exists()


def test_a_silence_waits_for_a_go_ahead_where_one_is_needed(
    client: Client, personal: Token, house: House, make_person: Callable[..., Person]
) -> None:
    personal.person = make_person("jon", 1)
    personal.save()
    answer = post(client, "silences", silence(alertname="foo"), SAM)
    assert (answer.status_code, "go-ahead" in answer.json()) == (403, True)
    assert not Silence.objects.exists()


@pytest.mark.parametrize("name", ["11111111-1111-1111-1111-111111111111", "x"])
def test_a_silence_that_is_unknown(client: Client, personal: Token, name: str) -> None:
    assert client.get(f"{API}/silence/{name}", headers=SAM).status_code == 404
    assert client.delete(f"{API}/silence/{name}", headers=SAM).status_code == 404


def test_everything_cannot_be_silenced(client: Client, personal: Token, house: House) -> None:
    assert post(client, "silences", silence(team=""), SAM).status_code == 400


def test_a_silence_stays_when_its_replacement_is_refused(
    client: Client, personal: Token, house: House
) -> None:
    first = post(client, "silences", silence(alertname="foo"), SAM).json()["silenceID"]
    for wrong in ({"comment": " "}, {"matchers": []}):
        again = {**silence(alertname="bar"), "id": first, **wrong}
        assert post(client, "silences", again, SAM).status_code == 400
    assert [s.state(clock.now()) for s in Silence.objects.all()] == ["active"]


def test_moments_without_a_zone_are_refused(client: Client, personal: Token, house: House) -> None:
    assert post(client, "silences", {**silence(a="b"), "endsAt": "2026-01-01T00:00:00"},
                SAM).status_code == 400  # fmt: skip
    wrong = [{"labels": {"a": "b"}, "startsAt": "2026-01-01T00:00:00"}]
    assert post(client, "alerts", wrong, SAM).status_code == 400

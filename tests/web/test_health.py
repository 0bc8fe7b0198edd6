"""What machines and people are told when the database is away, full or old."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from tests.prometheus_server import Telemetry, vector

from watchbill.lib import clock
from watchbill.web import health
from watchbill.web.health import Problem

pytestmark = pytest.mark.django_db
Failing = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    """Every query fails with the message given."""
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr(connection, "close", lambda: None)  # the test's transaction lives on

    def fail(execute: object, sql: str, *_: object) -> Any:
        raise OperationalError(message)

    message = ""

    @contextmanager
    def failing(text: str) -> Iterator[None]:
        nonlocal message
        message = text
        with connection.execute_wrapper(fail):
            yield

    return failing


def test_a_living_process_says_so_without_the_database(client: Client, failing: Failing) -> None:
    with failing("away"):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_ready_says_why_not(client: Client, failing: Failing) -> None:
    with failing("connection to db.internal refused"):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.content == b"the database does not answer\n"


def test_ready_again_when_the_database_is_back(client: Client, failing: Failing) -> None:
    with failing("away"):
        assert client.get("/readyz").status_code == 503
    assert client.get("/readyz").status_code == 200


def test_an_old_database_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    old = Problem("database", "the database is 3 migrations behind this version")
    monkeypatch.setattr(health, "_database_problems", lambda: [old])
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert b"3 migrations behind" in answer.content


@pytest.mark.parametrize(
    ("error", "told"),
    [("connection refused", "cannot be reached"), ("database or disk is full", "disk is full")],
)
def test_a_page_without_database_asks_to_come_back(
    client: Client, failing: Failing, error: str, told: str
) -> None:
    client.cookies["sessionid"] = "x" * 32
    with failing(error):
        answer = client.get("/settings/health")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert told in answer.content.decode()
    assert error not in answer.content.decode()


@pytest.mark.parametrize(
    ("said", "since", "doing", "trouble"),
    [
        (0, 0, "", ""),
        (0, 3, "alerts.evaluate", ""),
        (0, 300, "", ""),
        (0, 300, "alerts.evaluate", "alerts.evaluate has not come back"),
        (300, 300, "", "has said nothing since"),
    ],
)
def test_a_lane_that_hangs_or_falls_silent_is_trouble(
    tmp_path: Path, settings: Any, said: int, since: int, doing: str, trouble: str
) -> None:
    def ago(seconds: int) -> str:
        return (clock.now() - timedelta(seconds=seconds)).isoformat()

    lane = {"doing": doing, "since": ago(since), "advanced": 1, "failing": {}, "error": ""}
    settings.DATA = tmp_path
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "work.json").write_text(
        json.dumps({"pid": 1, "at": ago(said), "lanes": {"alerts": lane}})
    )
    (shown,) = health._lanes()
    assert trouble in shown.trouble
    assert bool(trouble) == bool(shown.trouble)


def test_nothing_is_said_of_lanes_before_there_are_any(tmp_path: Path, settings: Any) -> None:
    settings.DATA = tmp_path
    assert health._lanes() == []
    assert health._processes() == []


def test_telemetry_says_how_it_does(telemetry: Telemetry, settings: Any) -> None:
    settings.TELEMETRY_EMBEDDED = True
    telemetry.says({"series": 12})
    assert health._telemetry() == ({"series": 12}, "")
    assert telemetry.asked == [("GET", "/api/v1/status/watchbill", {})]
    settings.TELEMETRY_EMBEDDED = False
    telemetry.says(vector(({}, "1")))
    assert health._telemetry() == ({}, "")
    assert telemetry.asked[1:] == [("POST", "/api/v1/query", {"query": ["1"], "timeout": ["1.8s"]})]


@pytest.mark.parametrize("embedded", [True, False])
def test_telemetry_that_is_away_is_said_to_be(embedded: bool, away: None, settings: Any) -> None:
    settings.TELEMETRY_EMBEDDED = embedded
    said, trouble = health._telemetry()
    assert (said, trouble.startswith("is away: nothing answers at http://")) == ({}, True)


def test_health_asks_who_you_are(client: Client) -> None:
    assert client.get("/settings/health").status_code == 302


def test_every_answer_forbids_what_is_not_ours(client: Client) -> None:
    policy = client.get("/healthz").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy

"""`/federate`: what another Prometheus scrapes from here."""

import pytest
from tests.telemetry import bodies
from tests.telemetry.server_process import Telemetry

from watchbill.telemetry.intake.exposition import parse
from watchbill.telemetry.promql.storage import STALE

pytestmark = pytest.mark.server


def page(telemetry: Telemetry, *match: str, accept: str = "text/plain") -> str:
    given = [("match[]", one) for one in match]
    answer = telemetry.client.get("/federate", params=given, headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4; charset=utf-8")
    return answer.text


def test_the_newest_sample_of_each_series_with_its_time(asked: Telemetry, now: int) -> None:
    text = page(asked, 'm{i="1"}', 'm{i=~"[12]"}')
    assert text == (
        "# TYPE m untyped\n"
        f'm{{i="1",instance=""}} 60 {now * 1000}\n'
        f'm{{i="2",instance=""}} 120 {now * 1000}\n'
    )
    assert len(parse(text).samples) == 2
    assert page(asked) == ""


def test_names_in_utf8_are_quoted_for_those_who_take_them(asked: Telemetry, now: int) -> None:
    old = page(asked, '{"http.requests"}')
    assert old.splitlines()[1] == f'http_requests{{http_status="a\\"b",instance="x"}} 1.5 {now}000'
    new = page(asked, '{"http.requests"}', accept="text/plain;version=1.0.0;escaping=allow-utf-8")
    assert new == (
        '# TYPE "http.requests" untyped\n'
        f'{{"http.requests","http.status"="a\\"b",instance="x"}} 1.5 {now}000\n'
    )


def test_a_series_that_has_ended_is_not_there(asked: Telemetry, now: int) -> None:
    labels = {"__name__": "ended"}
    asked.post("/api/v1/write", bodies.body((labels, [(now * 1000, 1.0)])))
    assert page(asked, "ended")
    asked.post("/api/v1/write", bodies.body((labels, [(now * 1000 + 1, STALE)])))
    assert page(asked, "ended") == ""


def test_a_wrong_selector_is_refused_in_words(asked: Telemetry) -> None:
    answer = asked.client.get("/federate", params={"match[]": "{"})
    assert answer.status_code == 400
    assert "parse error" in answer.text

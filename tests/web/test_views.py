"""Polling answers what a stream would have told."""

import pytest
from django.test import Client
from tests.conftest import MakePerson

from watchbill.web import live


@pytest.fixture
def signed_in(client: Client, make_person: MakePerson) -> Client:
    client.force_login(make_person("ann"))
    return client


def poll(client: Client, **parameters: object) -> dict[str, object]:
    answer: dict[str, object] = client.get("/live/poll", parameters).json()
    return answer


def test_the_first_poll_tells_where_to_begin_and_the_next_what_changed(signed_in: Client) -> None:
    live.publish("incident:1")
    begin = poll(signed_in, topics="incident:1,alerts")
    assert begin["topics"] == []
    live.publish("incident:1", "incident:2")
    after = poll(signed_in, topics="incident:1,alerts", after=begin["last"])
    assert after["topics"] == ["incident:1"]
    assert poll(signed_in, topics="incident:1", after=after["last"])["topics"] == []


def test_a_strange_number_counts_as_none_and_a_stranger_is_told_nothing(
    signed_in: Client, client: Client
) -> None:
    live.publish("alerts")
    assert poll(signed_in, topics="alerts", after="1e3")["topics"] == ["alerts"]
    client.logout()
    assert client.get("/live/poll", {"topics": "alerts"}).status_code == 401


def test_the_glossary_and_the_style_guide_are_there(signed_in: Client) -> None:
    assert signed_in.get("/glossary").status_code == 200
    assert signed_in.get("/settings/styleguide").status_code == 200

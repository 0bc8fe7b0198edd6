"""Charts of findings and analyses are kept as they were."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from tests.investigations.conftest import found

from watchbill.investigations import freeze
from watchbill.investigations.models import Finding, Investigation
from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.prometheus import BadQuery, Series, TelemetryAway
from watchbill.web.models import Event

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def charted(case: Investigation, jun: Person) -> Finding:
    return found(case, jun, query=" up ", start=START, end=START + timedelta(hours=2))


def test_the_window_is_kept_once(charted: Finding) -> None:
    asked = []

    def answers(query: str, start: datetime, end: datetime, step: float) -> Sequence[Series]:
        asked.append((query, start, end, step))
        return [Series({"n": str(n)}, [(1.0, 0.1)]) for n in range(30)]

    Event.objects.all().delete()
    assert freeze.tick(clock.now(), answers) == 1
    charted.refresh_from_db()
    assert asked == [("up", START, START + timedelta(hours=2), 30.0)]
    assert len(charted.frozen) == freeze.MOST_SERIES
    assert charted.frozen[0] == {"metric": {"n": "0"}, "values": [[1.0, "0.1"]]}
    topics = set(Event.objects.values_list("topic", flat=True))
    assert {charted.ref, charted.investigation.ref} <= topics
    assert freeze.tick(clock.now(), answers) == 0


def test_away_is_tried_again_and_given_up_after_a_day(charted: Finding) -> None:
    def away(*asked: object) -> Sequence[Series]:
        raise TelemetryAway("no answer")

    assert freeze.tick(clock.now(), away) == 0
    charted.refresh_from_db()
    assert (charted.frozen, charted.freeze_error) == (None, "no answer")
    assert freeze.tick(clock.now(), lambda *asked: pytest.fail("not due yet")) == 0
    clock.shift(timedelta(days=2))
    freeze.tick(clock.now(), away)
    charted.refresh_from_db()
    assert charted.freeze_after is None


def test_a_wrong_query_is_told(charted: Finding) -> None:
    def wrong(*asked: object) -> Sequence[Series]:
        raise BadQuery("1:1: parse error")

    assert freeze.tick(clock.now(), wrong) == 1
    charted.refresh_from_db()
    assert (charted.freeze_after, charted.freeze_error) == (None, "1:1: parse error")


def test_words_alone_wait_for_nothing(case: Investigation, jun: Person) -> None:
    assert found(case, jun).freeze_after is None

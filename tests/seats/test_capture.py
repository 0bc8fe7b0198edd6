"""The values of a log line's query are kept as they were at its moment."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from watchbill.lib import clock
from watchbill.people.models import Person, Team
from watchbill.prometheus import BadQuery, Sample, TelemetryAway
from watchbill.seats import acts, capture
from watchbill.seats.models import LogEntry, Seat

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(ann: Person, team: Team) -> LogEntry:
    acts.take_watch.perform(ann, team)
    acts.log.perform(ann, Seat.objects.get(), text="As ever.", query="up")
    return LogEntry.objects.get()


def test_it_keeps_the_values_of_that_moment(line: LogEntry) -> None:
    asked = []

    def query(query: str, at: datetime | None = None) -> Sequence[Sample]:
        asked.append((query, at))
        return [Sample({"__name__": "up", "job": "shop"}, 0, 1), Sample({}, 0, 0.123456789)]

    clock.shift(timedelta(minutes=5))
    assert capture.tick(clock.now(), query) == 1
    assert asked == [("up", line.at)]
    line.refresh_from_db()
    assert line.values == [
        {"series": 'up{job="shop"}', "value": "1"}, {"series": "value", "value": "0.123457"},
    ]  # fmt: skip
    assert capture.tick(clock.now(), query) == 0


def test_what_is_away_is_asked_again(line: LogEntry) -> None:
    def away(query: str, at: datetime | None = None) -> Sequence[Sample]:
        raise TelemetryAway("nothing answers")

    assert capture.tick(clock.now(), away) == 0
    line.refresh_from_db()
    assert line.capture_after is not None
    assert line.capture_after > clock.now()
    clock.shift(timedelta(days=2))
    capture.tick(clock.now(), away)
    line.refresh_from_db()
    assert (line.capture_after, line.problem) == (None, "nothing answers")


def test_a_wrong_query_is_told(line: LogEntry) -> None:
    def wrong(query: str, at: datetime | None = None) -> Sequence[Sample]:
        raise BadQuery("parse error")

    assert capture.tick(clock.now(), wrong) == 1
    line.refresh_from_db()
    assert (line.problem, line.values) == ("parse error", None)


def test_nothing_is_told_too(line: LogEntry) -> None:
    assert capture.tick(clock.now(), lambda query, at=None: []) == 1
    line.refresh_from_db()
    assert (line.values, line.problem) == ([], "It gave nothing at that moment.")

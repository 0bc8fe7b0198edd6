"""Freezing a report's chart: once, with air around it, and again when telemetry was away."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.monitoring import freeze
from watchbill.monitoring.models import Report
from watchbill.people.models import Person
from watchbill.prometheus import BadQuery, Series, TelemetryAway
from watchbill.web.models import Event

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)


@pytest.fixture
def made(jun: Person, checkout: Component) -> Report:
    return Report.objects.create(
        by=jun, component=checkout, what="odd", query="up", level=1,
        start=START, end=START + timedelta(hours=1),
    )  # fmt: skip


def test_the_range_with_air_is_kept(made: Report) -> None:
    asked = []

    def answers(query: str, start: datetime, end: datetime, step: float) -> Sequence[Series]:
        asked.append((query, start, end, step))
        return [Series({"n": str(n)}, [(1.0, 0.1), (2.0, float("nan"))]) for n in range(30)]

    now = clock.now()
    assert freeze.tick(now, answers) == 1
    made.refresh_from_db()
    quarter = timedelta(minutes=15)
    assert asked == [("up", START - quarter, START + timedelta(hours=1) + quarter, 22.5)]
    assert len(made.frozen) == freeze.MOST_SERIES
    assert made.frozen[0] == {"metric": {"n": "0"}, "values": [[1.0, "0.1"], [2.0, "nan"]]}
    assert Event.objects.filter(topic=made.ref).exists()
    assert freeze.tick(now, answers) == 0
    assert len(asked) == 1


def test_away_is_tried_again_and_given_up_after_a_day(made: Report) -> None:
    def away(*asked: object) -> Sequence[Series]:
        raise TelemetryAway("no answer")

    assert freeze.tick(clock.now(), away) == 0
    made.refresh_from_db()
    assert (made.frozen, made.freeze_error) == (None, "no answer")
    assert freeze.tick(clock.now(), lambda *asked: pytest.fail("not due yet")) == 0
    clock.shift(timedelta(minutes=1))
    assert freeze.tick(clock.now(), lambda *asked: []) == 1
    made.refresh_from_db()
    assert (made.frozen, made.freeze_error, made.freeze_after) == ([], "", None)
    Report.objects.update(freeze_after=clock.now())
    clock.shift(timedelta(days=2))
    freeze.tick(clock.now(), away)
    made.refresh_from_db()
    assert made.freeze_after is None


def test_a_wrong_query_is_told(made: Report) -> None:
    def wrong(*asked: object) -> Sequence[Series]:
        raise BadQuery("1:1: parse error")

    assert freeze.tick(clock.now(), wrong) == 1
    made.refresh_from_db()
    assert (made.freeze_after, made.freeze_error) == (None, "1:1: parse error")


@pytest.mark.parametrize(("hours", "step"), [(0.1, 15.0), (1, 22.5), (24, 540.0)])
def test_the_step_bounds_the_points(hours: float, step: float) -> None:
    length = timedelta(hours=hours)
    start, end, found = freeze.window(START, START + length)
    assert found == step
    assert (end - start) == length * 1.5

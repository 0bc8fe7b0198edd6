"""The measure of an improvement, read for the moments of its change, whatever is away meanwhile."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from tests.maintenance.conftest import Plan

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.maintenance import acts, measure
from watchbill.maintenance.models import Change
from watchbill.people.models import Person
from watchbill.practice.models import Improvement
from watchbill.prometheus import Sample, TelemetryAway

pytestmark = pytest.mark.django_db


class Fake:
    """Telemetry that answers with the next value, and notes for which moment it was asked."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.asked: list[datetime | None] = []
        self.away = False
        self.copies = 1

    def __call__(self, query: str, at: datetime | None = None) -> Sequence[Sample]:
        assert query == "errors"
        if self.away:
            raise TelemetryAway("no answer")
        self.asked.append(at)
        return [Sample({}, 0, self.values[0])] * self.copies


@pytest.fixture
def change(plan: Plan, ann: Person, checkout: Component) -> Change:
    work = Improvement.objects.create(
        about=checkout.ref, title="Fewer errors", area=Area.MAINTENANCE, proposed_by=ann,
        expected="fewer", measure="errors", state=Improvement.State.ACCEPTED,
    )  # fmt: skip
    return plan(improvement=str(work.pk))


def test_before_and_after(change: Change, ann: Person) -> None:
    fake = Fake()
    fake.values = [7.5]
    assert measure.tick(clock.now(), fake) == 0
    acts.start_change.perform(ann, change)
    change.refresh_from_db()
    assert measure.tick(clock.now(), fake) == 1
    assert fake.asked == [change.started_at]
    clock.shift(timedelta(hours=1))
    assert measure.tick(clock.now(), fake) == 0
    acts.complete_change.perform(ann, change, outcome="fewer of them")
    fake.values = [0.5]
    assert measure.tick(clock.now(), fake) == 0
    clock.shift(measure.SETTLES)
    assert measure.tick(clock.now(), fake) == 1
    change.refresh_from_db()
    assert change.ended_at is not None
    assert fake.asked[1:] == [change.ended_at + measure.SETTLES]
    assert (change.measured_before, change.measured_after) == (7.5, 0.5)
    assert change.measure_after is None
    assert measure.tick(clock.now(), fake) == 0


def test_telemetry_away_over_the_whole_change(change: Change, ann: Person) -> None:
    fake = Fake()
    fake.away = True
    acts.start_change.perform(ann, change)
    assert measure.tick(clock.now(), fake) == 0
    change.refresh_from_db()
    assert change.measure_problem == "no answer"
    acts.complete_change.perform(ann, change, outcome="fewer of them")
    clock.shift(timedelta(minutes=30))
    fake.away, fake.values = False, [3.0]
    assert measure.tick(clock.now(), fake) == 1
    assert measure.tick(clock.now(), fake) == 1
    change.refresh_from_db()
    assert change.ended_at is not None
    assert fake.asked == [change.started_at, change.ended_at + measure.SETTLES]
    assert change.measure_problem == ""


@pytest.mark.parametrize("copies", [0, 2])
def test_more_or_less_than_one_value_is_told(change: Change, ann: Person, copies: int) -> None:
    fake = Fake()
    fake.values, fake.copies = [1.0], copies
    acts.start_change.perform(ann, change)
    assert measure.tick(clock.now(), fake) == 0
    change.refresh_from_db()
    assert change.measure_problem == f"gives {copies} values instead of one"
    assert change.measured_before is None

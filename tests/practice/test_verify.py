"""The measure of an improvement is read when it is accepted and after it is done."""

from datetime import datetime, timedelta

import pytest
from tests.practice.conftest import Propose
from tests.practice.test_acts import next_week

from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.practice import acts, verify
from watchbill.practice.models import Improvement
from watchbill.prometheus import BadQuery, QueryFunc, Sample, TelemetryAway


@pytest.fixture
def accepted(propose: Propose, sam: Person) -> Improvement:
    work = propose(measure="sum(rate(retries_total[5m]))")
    acts.accept_improvement.perform(sam, work, owner="sam", due=next_week())
    return work


def one(value: float) -> QueryFunc:
    return lambda query, at=None: [Sample({}, 0, value)]


def failing(error: Exception) -> QueryFunc:
    def fail(query: str, at: datetime | None = None) -> list[Sample]:
        raise error

    return fail


def test_before_and_after(accepted: Improvement, sam: Person) -> None:
    assert verify.tick(clock.now(), one(12.5)) == 1
    assert verify.tick(clock.now(), one(99)) == 0, "it is read once"
    acts.complete_improvement.perform(sam, accepted, outcome="Limited to one.")
    assert verify.tick(clock.now(), one(99)) == 0, "rates must settle first"
    clock.shift(verify.SETTLES + timedelta(seconds=1))
    assert verify.tick(clock.now(), one(0.5)) == 1
    accepted.refresh_from_db()
    assert (accepted.before, accepted.after) == (12.5, 0.5)


def test_what_cannot_be_read_says_why_and_is_tried_again(accepted: Improvement) -> None:
    for query, told in (
        (failing(TelemetryAway("nothing answers")), "cannot be read: nothing answers"),
        (failing(BadQuery("1:3: parse error")), "cannot be read: 1:3: parse error"),
        (lambda query, at=None: [], "gives 0 values instead of one"),
    ):
        assert verify.tick(clock.now(), query) == 0
        accepted.refresh_from_db()
        assert accepted.measure_problem == told
    assert verify.tick(clock.now(), one(3)) == 1
    accepted.refresh_from_db()
    assert (accepted.before, accepted.measure_problem) == (3, "")


def test_without_a_measure_nothing_is_asked(propose: Propose, sam: Person) -> None:
    acts.accept_improvement.perform(sam, propose(), owner="sam", due=next_week())
    assert verify.tick(clock.now(), failing(AssertionError("asked"))) == 0

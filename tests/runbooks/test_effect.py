"""What a version should move: read before, read again in use, confirmed by who worked by it."""

from datetime import datetime, timedelta

import pytest

from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.lib import clock
from watchbill.people.models import House, Person
from watchbill.prometheus import BadQuery, QueryFunc, Sample
from watchbill.runbooks import acts, effect
from watchbill.runbooks.models import Run, Runbook, RunbookVersion

LOOK = """---
slug: look
title: Look around
area: {area}
---

## Look
```confirm
Seen.
```
"""
MOVES = {"expected": "Fewer are backed out", "measure": "sum(backed_out)"}


def published(house: House, by: Person, area: str = "maintenance", **given: str) -> RunbookVersion:
    acts.publish.perform(by, house, text=LOOK.format(area=area), **given)
    return RunbookVersion.objects.latest("pk")


def value(found: float) -> QueryFunc:
    return lambda query, at=None: [Sample({}, 0, found)]


def run(house: House, by: Person, *, skip: bool = False) -> None:
    acts.start_run.perform(by, house, runbook="look")
    made = Run.objects.latest("pk")
    if skip:
        acts.skip_step.perform(by, made, step=1, reason="It is known.")
    else:
        acts.run_step.perform(by, made, step=1)


def later() -> datetime:
    clock.shift(effect.READ_AGAIN + timedelta(seconds=1))
    return clock.now()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"expected": "Better"}, "measure"),
        ({"measure": "sum(x)"}, "expected"),
        ({"expected": "x" * 501, "measure": "sum(x)"}, "expected"),
        ({"expected": "Better", "measure": effect.CLEAN_RUNS}, "measure"),
    ],
)
def test_an_effect_has_words_and_a_measure(
    house: House, sam: Person, given: dict[str, str], field: str
) -> None:
    with pytest.raises(CannotBeDone) as caught:
        published(house, sam, **given)
    assert caught.value.field == field


def test_the_measure_is_read_at_publication_and_a_week_later(house: House, sam: Person) -> None:
    version = published(house, sam, **MOVES)
    assert effect.tick(clock.now(), value(6)) == 1
    assert effect.tick(clock.now(), value(7)) == 0
    assert effect.tick(later(), value(2)) == 1
    version.refresh_from_db()
    assert (version.before, version.after) == (6, 2)
    assert version.after_at is not None


def test_clean_runs_are_counted_without_telemetry(house: House, sam: Person, ann: Person) -> None:
    def unasked(query: str, at: datetime | None = None) -> list[Sample]:
        raise AssertionError(query)

    published(house, sam)
    run(house, ann)
    run(house, ann, skip=True)
    version = published(house, sam, expected="Nobody skips", measure=effect.CLEAN_RUNS)
    assert effect.tick(clock.now(), unasked) == 1
    assert effect.tick(later(), unasked) == 0
    version.refresh_from_db()
    assert (version.before, version.after) == (0.5, None)
    assert version.measure_problem == "no run has ended yet"
    run(house, ann)
    assert effect.tick(clock.now(), unasked) == 1
    version.refresh_from_db()
    assert (version.after, version.measure_problem) == (1.0, "")


def test_what_cannot_be_read_is_said(house: House, sam: Person) -> None:
    version = published(house, sam, **MOVES)

    def refused(query: str, at: datetime | None = None) -> list[Sample]:
        raise BadQuery("no such function")

    assert effect.tick(clock.now(), refused) == 0
    version.refresh_from_db()
    assert "no such function" in version.measure_problem
    assert effect.tick(clock.now(), lambda query, at=None: []) == 0
    version.refresh_from_db()
    assert "0 values" in version.measure_problem


def test_who_confirms_and_when(house: House, sam: Person, ann: Person, jun: Person) -> None:
    plain = published(house, sam)
    with pytest.raises(CannotBeDone, match="names nothing"):
        acts.confirm_version.perform(ann, plain, line="Good.")
    version = published(house, sam, **MOVES)
    with pytest.raises(CannotBeDone, match="not in force"):
        acts.confirm_version.perform(ann, plain, line="Good.")
    effect.tick(clock.now(), value(6))
    run(house, ann)
    with pytest.raises(CannotBeDone, match="not read again"):
        acts.confirm_version.perform(ann, version, line="Good.")
    effect.tick(later(), value(2))
    with pytest.raises(CannotBeDone, match="their own"):
        acts.confirm_version.perform(sam, version, line="Good.")
    with pytest.raises(CannotBeDone, match="not worked by"):
        acts.confirm_version.perform(jun, version, line="Good.")
    with pytest.raises(CannotBeDone, match="One line"):
        acts.confirm_version.perform(ann, version, line=" ")
    acts.confirm_version.perform(ann, version, line="Good.")
    with pytest.raises(CannotBeDone, match="Ann confirmed"):
        acts.confirm_version.perform(jun, version, line="Good.")
    assert Shown.objects.filter(duty="MA-L3-5", person=sam, witness=ann).count() == 1


def test_a_procedure_of_another_area_shows_nothing_of_maintenance(
    house: House, sam: Person, ann: Person
) -> None:
    version = published(house, sam, area="monitoring", **MOVES)
    effect.tick(clock.now(), value(6))
    run(house, ann)
    effect.tick(later(), value(2))
    acts.confirm_version.perform(ann, version, line="Good.")
    assert not Shown.objects.filter(duty="MA-L3-5").exists()
    assert Runbook.objects.get().in_force == version

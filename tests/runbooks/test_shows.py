"""What a step shows: only with a go-ahead, only when its result is known, of the right work."""

import pytest

from watchbill.acts import perform
from watchbill.acts.models import Entry, Shown
from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.incidents import acts as incidents
from watchbill.incidents.models import Incident
from watchbill.lib import clock
from watchbill.maintenance import acts as maintenance
from watchbill.maintenance.models import Change
from watchbill.people.models import House, Person
from watchbill.people.subject import Subject
from watchbill.prometheus import Sample
from watchbill.runbooks import acts, execute
from watchbill.runbooks.models import Run

TWO = """---
slug: two
title: Two steps
---

## Which
```value node
Which node?
```

## Look
```confirm
Seen.
```
"""
CHECK = """---
slug: check
title: Check
---

## Which
```value node
Which node?
```

## Check
```promql
up
```
"""


@pytest.fixture
def incident(payments: Component, jun: Person, sam: Person) -> Incident:
    for text in (TWO, CHECK):
        acts.publish.perform(sam, House.get(), text=text)
    incidents.declare.perform(jun, payments, title="Slow", severity="sev4")
    return Incident.objects.get()


@pytest.fixture
def change(incident: Incident, payments: Component, ann: Person) -> Change:
    maintenance.plan_change.perform(ann, payments, title="Newer", kind=Change.Kind.UPDATE)
    return Change.objects.get()


def started(on: Subject, by: Person, runbook: str = "two") -> Run:
    acts.start_run.perform(by, on, runbook=runbook)
    return Run.objects.latest("pk")


def guided(asked: Entry, guide: Person) -> None:
    assert asked.state == Entry.State.ASKED
    perform.answer(asked.pk, guide, go_ahead=True)


def shown() -> list[tuple[str, int, str, int | None]]:
    rows = Shown.objects.order_by("pk")
    return list(rows.values_list("duty", "person", "on", "witness"))


def test_an_answer_with_a_go_ahead(incident: Incident, jun: Person, ann: Person) -> None:
    run = started(incident, jun)
    guided(acts.answer_step.perform(jun, run, step=1, value="a"), ann)
    assert shown() == [("IR-L1-3", jun.pk, run.ref, ann.pk)]


def test_what_is_done_alone_or_about_nothing_shows_nothing(
    incident: Incident, payments: Component, jun: Person, ann: Person
) -> None:
    acts.answer_step.perform(ann, started(incident, ann), step=1, value="a")
    alert = Alert.objects.create(fingerprint="1", name="Slow", state="firing", component=payments)
    for on in (payments, alert):  # an alert that nobody made an incident of
        guided(acts.answer_step.perform(jun, started(on, jun), step=1, value="a"), ann)
    assert shown() == []


def test_a_step_that_was_halted_has_no_result(incident: Incident, jun: Person, ann: Person) -> None:
    run = started(incident, ann, "check")
    acts.answer_step.perform(ann, run, step=1, value="a")
    guided(acts.run_step.perform(jun, run, step=2), ann)
    acts.halt.perform(jun, run, why="wrong node")
    execute.tick(clock.now(), lambda query, at=None: [Sample({}, 0, 1)])
    assert shown() == []


def test_everybody_who_did_steps_of_a_change_guided_is_named_at_its_end(
    change: Change, jun: Person, ann: Person, sam: Person, lea: Person
) -> None:
    run = started(change, jun)
    guided(acts.answer_step.perform(jun, run, step=1, value="a"), ann)
    assert shown() == [], "the procedure has not ended"
    acts.run_step.perform(sam, run, step=2)
    assert shown() == [("MA-L1-3", jun.pk, run.ref, ann.pk)]


def test_a_deviation_at_the_end_is_part_of_it(change: Change, jun: Person, ann: Person) -> None:
    run = started(change, jun)
    guided(acts.answer_step.perform(jun, run, step=1, value="a"), ann)
    guided(acts.skip_step.perform(jun, run, step=2, reason="It cannot be seen from here."), ann)
    assert shown() == [("MA-L1-3", jun.pk, run.ref, ann.pk)]


def test_the_last_step_alone_with_a_go_ahead(change: Change, jun: Person, ann: Person) -> None:
    run = started(change, ann)
    acts.answer_step.perform(ann, run, step=1, value="a")
    guided(acts.run_step.perform(jun, run, step=2), ann)
    assert shown() == [("MA-L1-3", jun.pk, run.ref, ann.pk)]


def test_who_only_skipped_followed_nothing(change: Change, jun: Person, ann: Person) -> None:
    run = started(change, ann)
    acts.answer_step.perform(ann, run, step=1, value="a")
    guided(acts.skip_step.perform(jun, run, step=2, reason="It is known."), ann)
    assert shown() == []

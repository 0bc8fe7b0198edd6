"""What the pages of runbooks show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db.models import QuerySet

from watchbill.acts import timeline
from watchbill.acts.given import CannotBeDone
from watchbill.people.models import Person
from watchbill.practice.models import Debrief
from watchbill.runbooks.acts import preview
from watchbill.runbooks.fill import words
from watchbill.runbooks.models import Execution, Run, Runbook
from watchbill.runbooks.procedure import Doing, Step

State = Execution.State
LATEST = 200  # entries of a run's timeline

EXAMPLE = """---
slug: restart-payments
title: Restart payments
tier: moderate
---
When payments answers slowly and its pool is exhausted. Takes a minute; no request is lost.

## Which node hangs
Look at the chart of connections by node.

```value node
Which node has the most connections?
```

## Restart it

```command
[restart-payments, "{node}"]
```

## See that it helped

```promql
within: 5m
sum(rate(payments_errors_total[1m])) < 1
```
"""


def published() -> QuerySet[Runbook]:
    """Every runbook with a version in force, by title."""
    return (
        Runbook.objects.exclude(in_force=None)
        .select_related("component", "in_force")
        .order_by("title")
    )


@dataclass(frozen=True)
class Line:
    """A step as a page shows it. `what` is exactly what is, was or will be done, line by line."""

    number: int
    step: Step
    what: Sequence[str]
    current: bool = False
    last: Execution | None = None  # the last doing of it
    earlier: Sequence[Execution] = ()
    guided: Any = None  # the ledger row of the last doing, when it had a go-ahead
    debriefs: Sequence[Debrief] = ()  # of that row
    to_debrief: bool = False  # the reader learned or guided, and has not looked back yet

    @property
    def guide(self) -> Person | None:
        """Who gave the go-ahead for the last doing."""
        return self.guided.guide if self.guided else None

    @property
    def look(self) -> str:
        """The look of the step's mark: good, bad or neither."""
        if self.last is None:
            return ""
        if self.last.state == State.SUCCEEDED:
            return "good"
        return "bad" if self.last.state in (State.FAILED, State.INTERRUPTED) else ""

    @property
    def button(self) -> str:
        """The words of the button that does the step."""
        if self.step.kind == "confirm":
            return "Confirm"
        verb = "Check" if self.step.kind == "promql" else "Run"
        return f"{verb} again" if self.look == "bad" else verb

    @property
    def kind(self) -> str:
        """The look of the tag with the state."""
        if self.last is None:
            return ""
        return {State.SKIPPED: "warn", State.CANCELLED: ""}.get(
            State(self.last.state), self.look or "deep"
        )


def written(steps: Sequence[Step]) -> list[Line]:
    """The steps as the runbook has them, values not filled in."""
    return [Line(n, step, [words(step.do)]) for n, step in enumerate(steps, 1)]


def done_and_to_do(run: Run, reader: Person | None = None) -> list[Line]:
    """The steps of a run with what came of each, in a few queries."""
    found: dict[int, list[Execution]] = {}
    for execution in run.executions.select_related("by").order_by("pk"):
        found.setdefault(execution.step, []).append(execution)
    guided = _guided(run)
    debriefs: dict[int | None, list[Debrief]] = {}
    for debrief in Debrief.objects.filter(about=run.ref).select_related("by").order_by("pk"):
        debriefs.setdefault(debrief.entry, []).append(debrief)
    lines = []
    for number, step in enumerate(run.steps, 1):
        tries = found.get(number, [])
        last = tries[-1] if tries else None
        entry = guided.get(last.pk) if last else None
        told = debriefs.get(entry.pk, []) if entry else []
        line = Line(
            number,
            step,
            what=_what(run, number, step, last),
            current=_is_current(run, number),
            last=last,
            earlier=tries[:-1],
            guided=entry,
            debriefs=told,
            to_debrief=entry is not None
            and reader is not None
            and reader.pk in (entry.by_id, entry.guide_id)
            and all(one.by_id != reader.pk for one in told),
        )
        lines.append(line)
    return lines


def _is_current(run: Run, number: int) -> bool:
    return run.state == Run.State.RUNNING and number == run.at_step


def _what(run: Run, number: int, step: Step, last: Execution | None) -> list[str]:
    if _is_current(run, number) and not (last and last.live):
        try:
            return preview(run, number)
        except CannotBeDone as error:
            return [str(error)]
    if last is None:
        return [words(step.do)]
    do: Doing = msgspec.convert(last.exact, Doing)
    return [words(do, tuple(last.argv))]


def _guided(run: Run) -> dict[int, Any]:
    """Execution -> the ledger row of its go-ahead."""
    guided = timeline.of(run).exclude(guide=None).filter(state="done")
    return {
        entry.came_of_it["execution"]: entry for entry in guided if "execution" in entry.came_of_it
    }


def asks_about(run: Run) -> list[Any]:
    """What somebody asked to do in this run and nobody answered yet."""
    return list(timeline.open_asks().filter(subject=run.ref))


def sentence(run: Run) -> str:
    """Where the run is, in words."""
    title, count = run.of.runbook.title, len(run.steps)
    if run.state == Run.State.HALTED:
        return f"{title} was halted at step {run.at_step} of {count}"
    if run.state == Run.State.FINISHED:
        return f"{title} is done: all {count} steps"
    return f"{title}: step {run.at_step} of {count}, {run.steps[run.at_step - 1].title}"

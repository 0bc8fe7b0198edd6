"""What steps done under a go-ahead show of whoever did them, once they have ended."""

from typing import Any

from watchbill.acts import timeline
from watchbill.acts.shown import Show
from watchbill.people.models import Person
from watchbill.runbooks.models import Execution, Run

AN_INCIDENT = "incidents.incident:"
A_CHANGE = "maintenance.change:"
DID = ("runbooks.run_step", "runbooks.answer_step")
RESULT = (Execution.State.SUCCEEDED, Execution.State.FAILED)


def of_own_step(run: Run, by: Person) -> list[Show]:
    """Of a step that ends with its act. Whether that had a guide is known when it is written."""
    shows = _of_run_if_over(run, now=by)
    if run.about.startswith(AN_INCIDENT):
        shows.append(Show("IR-L1-3", by, on=run, guided=True))
    return shows


def of_machines_step(run: Run, execution: Execution, state: str) -> list[Show]:
    """Of a step that the machine has ended; a failed check shows as much as a passed one."""
    shows = _of_run_if_over(run)
    if state in RESULT and run.about.startswith(AN_INCIDENT):
        for entry in _guided(run):
            if entry.came_of_it.get("execution") == execution.pk:
                shows.append(Show("IR-L1-3", entry.by, on=run, witness=entry.guide))
    return shows


def of_skipped_step(run: Run) -> list[Show]:
    """Of a deviation that ends the run: it was declared before it was made."""
    return _of_run_if_over(run)


def _of_run_if_over(run: Run, now: Person | None = None) -> list[Show]:
    """Each who did steps of a change's procedure under guidance, with the guide of their last.

    A run is finished only when each step was done, or skipped with the reason given beforehand.
    `now` has just done the last one; its guide is known when this is written.
    """
    if run.state != Run.State.FINISHED or not run.about.startswith(A_CHANGE):
        return []
    shows = {
        entry.by_id: Show("MA-L1-3", entry.by, on=run, witness=entry.guide)
        for entry in _guided(run)
    }
    if now is not None and now.pk not in shows:
        shows[now.pk] = Show("MA-L1-3", now, on=run, guided=True)
    return list(shows.values())


def _guided(run: Run) -> list[Any]:
    """The ledger rows of the steps that were done with a go-ahead, oldest first."""
    done = timeline.valid_of(run).filter(subject=run.ref, state="done", mode="guided", kind__in=DID)
    return list(done.exclude(guide=None))

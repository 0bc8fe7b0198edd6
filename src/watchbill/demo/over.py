"""Ends what example people have under way, so that a visitor can begin again.

Through the acts, as those whom it belongs to, and stamped. Nothing of it is deleted.
"""

import logging
from collections.abc import Iterator
from functools import partial
from typing import Any

from watchbill.acts import perform, timeline
from watchbill.acts.given import CannotBeDone
from watchbill.acts.kinds import Act
from watchbill.acts.perform import Call, NoGoAhead
from watchbill.demo.colleagues import Deed
from watchbill.incidents.acts import close, resolve
from watchbill.incidents.models import Incident
from watchbill.people.models import Person
from watchbill.people.subject import Subject
from watchbill.runbooks.acts import halt
from watchbill.runbooks.models import Run

STAMP = "example started over"
WORDS = "The example was started over."

log = logging.getLogger(__name__)


def end_all() -> None:
    """Take back asks, halt runs, close incidents: those of example people alone."""
    for deed in (*_asks(), *_runs(), *_incidents()):
        try:
            deed()
        except (CannotBeDone, NoGoAhead) as error:
            log.info("Starting over: %s", error)


def _asks() -> Iterator[Deed]:
    for ask in timeline.open_asks().filter(by__example=True):
        yield partial(perform.withdraw, ask.pk, ask.by, via="work", stamp=STAMP)


def _runs() -> Iterator[Deed]:
    running = Run.objects.filter(state=Run.State.RUNNING, started_by__example=True)
    for run in running.select_related("started_by", "of"):
        yield partial(_does, halt, run.started_by, run, why=WORDS)


def _incidents() -> Iterator[Deed]:
    """In which nobody of a real team took a seat."""
    lead = Person.objects.filter(username="lead", example=True, is_active=True).first()
    theirs = Incident.objects.filter(declared_by__example=True)
    theirs = theirs.exclude(seats__person__example=False)
    if lead is None:
        return
    for incident in theirs.exclude(state=Incident.State.CLOSED).order_by("pk"):
        if not incident.over:
            yield partial(_does, resolve, lead, incident, what_ended_it=WORDS)
        yield partial(_does, close, lead, incident)


def _does(act: Act[Any, Any], by: Person, on: Subject, **given: str) -> None:
    perform.submit(act.name, by, on, given, Call(via="work", stamp=STAMP))

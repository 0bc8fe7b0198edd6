"""Colleagues who answer by themselves: example people that nobody is using.

They do through the acts what a colleague would, some seconds after it was asked, and only for other
example people. Every row of theirs is stamped. Why this is so: docs/adr/0017-example-colleagues.md.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from watchbill.acts import perform, timeline
from watchbill.acts.authority import Effect
from watchbill.acts.given import CannotBeDone
from watchbill.acts.kinds import Act
from watchbill.acts.perform import Call, NoGoAhead
from watchbill.alerts.models import Alert
from watchbill.demo import presence, seed
from watchbill.demo.models import Scene
from watchbill.incidents.acts import accept_learner
from watchbill.incidents.models import Seat
from watchbill.maintenance.acts import acknowledge_report
from watchbill.maintenance.models import Progress
from watchbill.monitoring.acts import triage
from watchbill.monitoring.models import Report
from watchbill.people import example
from watchbill.people.models import Person
from watchbill.people.subject import Subject, find
from watchbill.practice.acts import debrief
from watchbill.practice.acts.debriefs import Debriefed
from watchbill.practice.models import Debrief

STAMP = "example colleague"
SOON = timedelta(seconds=6)  # and up to four seconds more, so that it does not look like a clock
# What somebody who is there can answer is left to them for as long.
LEFT_TO_OTHERS = timedelta(seconds=45)
RECENT = timedelta(minutes=15)  # what is older was left alone for a reason
GUIDES_LINE = "You read the preview before you asked. Next time say what you expect to see."
WHY = {
    "runbooks.run_step": "The preview is what the runbook says. Watch the chart meanwhile.",
    "runbooks.answer_step": "That is what I read there too.",
    "runbooks.skip_step": "The reason holds: it changes nothing here.",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Team:
    """The example people, those that stand lowest first: who is nearest answers."""

    free: list[Person]
    used: list[Person]
    now: datetime

    @property
    def all(self) -> list[Person]:
        """Everybody."""
        return [*self.free, *self.used]

    def one(self, at: datetime, number: int, may: set[int]) -> Person | None:
        """Of those who may, the colleague who does by now what came up `at`, or None."""
        left = any(person.pk in may for person in self.used)
        wait = LEFT_TO_OTHERS if left else SOON + timedelta(seconds=number % 5)
        if self.now - at < wait:
            return None
        return next((person for person in self.free if person.pk in may), None)


Deed = Callable[[], object]
Reaction = Callable[[Team], Iterator[Deed]]


def tick(now: datetime) -> int:
    """Let colleagues answer one thing that is due; 1 when there was one."""
    if not example.shown() or not Scene.now().colleagues:
        return 0
    team = _team(now)
    for reaction in REACTIONS:
        for deed in reaction(team):
            try:
                deed()
            except (CannotBeDone, NoGoAhead) as error:
                log.info("A colleague could not: %s", error)
                continue
            return 1
    return 0


def asks(team: Team) -> Iterator[Deed]:
    """Give the go-ahead that another example person asks for, with a reason."""
    for ask in timeline.open_asks():
        if not ask.by.example:
            continue
        may = {p.pk for p in team.all if perform.why_not(ask, p) is None}
        guide = team.one(ask.at, ask.pk, may)
        if guide is not None:
            yield partial(_answer, ask.pk, guide, ask.kind)


def learners(team: Team) -> Iterator[Deed]:
    """Be the guide of somebody who joined an incident under instruction."""
    waiting = Seat.objects.filter(
        role=Seat.Role.UNDER_INSTRUCTION, guide=None, until=None, person__example=True
    )
    for seat in waiting.select_related("person", "incident").order_by("pk"):
        may = _who_may(team, accept_learner, seat, but=seat.person)
        guide = team.one(seat.since, seat.pk, may)
        if guide is not None:
            yield partial(_perform, accept_learner, guide, seat)


def progress(team: Team) -> Iterator[Deed]:
    """Acknowledge a report on a change that was told to them."""
    told = Progress.objects.filter(acknowledged_at=None, by__example=True, to__in=team.free)
    for report in told.select_related("to", "by").order_by("pk"):
        if team.now - report.at >= SOON:
            yield partial(_perform, acknowledge_report, report.to, report, word="Read. Go on.")


def anomalies(team: Team) -> Iterator[Deed]:
    """Tell whoever reported an anomaly, and is there to hear it, what it is.

    The one that came with the example is left to visitors.
    """
    found = Report.objects.filter(answer=Report.Answer.OPEN, by__in=team.used)
    for report in found.select_related("by", "component").order_by("pk"):
        if timeline.of(report).filter(stamp=seed.STAMP).exists():
            continue
        may = _who_may(team, triage, report, but=report.by)
        may -= {p.pk for p in team.all if report.why_not_received_by(p)}
        by = team.one(report.at, report.pk, may)
        if by is not None:
            yield partial(_perform, triage, by, report, **_made_of(report))


def debriefs(team: Team) -> Iterator[Deed]:
    """Write the guide's line beside the learner's."""
    lines = Debrief.objects.filter(
        role=Debrief.Role.LEARNER, by__example=True, at__gte=team.now - RECENT
    )
    for line in lines.order_by("pk"):
        beside = Debrief.objects.filter(about=line.about, entry=line.entry)
        if team.now - line.at < SOON or beside.filter(role=Debrief.Role.GUIDE).exists():
            continue
        on = find(line.about if line.entry is None else f"acts.entry:{line.entry}")
        guide = _guide_of(on)
        if guide in team.free:
            yield partial(_perform, debrief, guide, on, line=GUIDES_LINE)


REACTIONS: tuple[Reaction, ...] = (asks, learners, progress, anomalies, debriefs)


def _team(now: datetime) -> Team:
    people = Person.objects.filter(example=True, is_active=True).prefetch_related("standings")
    lowest_first = sorted(people, key=lambda person: (sum(person.levels.values()), person.pk))
    used = [person for person in lowest_first if presence.in_use(person, now)]
    return Team([person for person in lowest_first if person not in used], used, now)


def _who_may(team: Team, act: Act[Any, Any], on: Subject, *, but: Person) -> set[int]:
    """Those who would do it alone."""
    people = [person for person in team.all if person.pk != but.pk]
    return {person.pk for person in people if act.may(person, on).effect is Effect.DO}


def _guide_of(on: Subject) -> Person | None:
    if isinstance(on, Debriefed):
        return on.debrief_pair()[1]
    guide: Person | None = getattr(on, "guide", None)
    return guide


def _made_of(report: Report) -> dict[str, str]:
    firing = Alert.objects.filter(component=report.component, state=Alert.State.FIRING)
    if report.component is not None and firing.exists():
        return {"answer": "known", "because": "An alert on it fires: look there. Well seen."}
    return {"answer": "real", "because": "Worth a look: compare it with the days before."}


def _answer(asked: int, guide: Person, kind: str) -> None:
    why = WHY.get(kind, "The preview says what should happen, and it can be undone.")
    try:
        perform.answer(asked, guide, go_ahead=True, why=why, via="work", stamp=STAMP)
    except CannotBeDone as error:
        why = f"It cannot be done now: {error.what}"
        perform.answer(asked, guide, go_ahead=False, why=why, via="work", stamp=STAMP)


def _perform(act: Act[Any, Any], by: Person, on: Subject, **given: str) -> None:
    perform.submit(act.name, by, on, given, Call(via="work", stamp=STAMP))

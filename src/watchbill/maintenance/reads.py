"""What the pages of maintenance show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from watchbill.catalog.leads import leads
from watchbill.lib.levels import Area, Tier
from watchbill.maintenance.models import Change, Part, Progress
from watchbill.people.models import Person
from watchbill.runbooks.models import Run
from watchbill.web.words import ago_words, date_words, duration_words, time_words

MOST_AHEAD = 100
State = Change.State
OPEN_STATES = (
    State.PLANNED, State.APPROVED, State.UNDER_WAY, State.VERIFIED, State.BACKED_OUT,
)  # fmt: skip


@dataclass(frozen=True)
class Group:
    """Changes of one heading in the calendar."""

    title: str
    changes: Sequence[Change]


def changes() -> QuerySet[Change]:
    """All changes with what a list shows of them."""
    return Change.objects.select_related("component", "planned_by", "started_by")


def calendar(now: datetime) -> list[Group]:
    """What is under way, what waits to be documented, and what is to come, by day."""
    ahead = changes().filter(state__in=OPEN_STATES).order_by(F("starts").asc(nulls_last=True), "pk")
    return list(_groups(list(ahead[:MOST_AHEAD]), now))


def counts() -> tuple[int, int]:
    """How many changes are under way, and how many to come."""
    by_state = dict(Change.objects.order_by().values_list("state").annotate(Count("pk")))
    to_come = by_state.get(State.PLANNED, 0) + by_state.get(State.APPROVED, 0)
    return by_state.get(State.UNDER_WAY, 0), to_come


def past() -> QuerySet[Change]:
    """Closed changes, the latest first."""
    return changes().filter(state=State.CLOSED).order_by("-ended_at", "-pk")


def about(component_id: int) -> list[Change]:
    """The open changes of one component and its latest closed ones."""
    of = changes().filter(component=component_id)
    is_open = of.filter(state__in=OPEN_STATES).order_by(F("starts").asc(nulls_last=True), "pk")[:10]
    return [*is_open, *of.filter(state=State.CLOSED).order_by("-ended_at")[:3]]


def mine(person: Person) -> QuerySet[Change]:
    """The open changes that `person` planned or began."""
    own = Q(planned_by=person) | Q(started_by=person)
    return changes().filter(own, state__in=OPEN_STATES).order_by("-pk")


def to_acknowledge(person: Person) -> QuerySet[Progress]:
    """What was reported to `person` and waits for an acknowledgement."""
    waiting = Progress.objects.filter(to=person, acknowledged_at=None)
    return waiting.select_related("change", "by").order_by("pk")


def progress(change: Change) -> list[Progress]:
    """What was reported on a change, in order."""
    return list(change.progress.select_related("by", "to", "acknowledged_by").order_by("pk"))


@dataclass(frozen=True)
class PartRow:
    """A part with what its reader may want to do now: names and labels of acts."""

    part: Part
    run: Run | None
    acts: Sequence[tuple[str, str]]
    starts: str  # the procedure that waits to be started

    @property
    def look(self) -> str:
        """The kind of its tag."""
        return {"done": "guide", "accepted": "good", "taken": "deep"}.get(self.part.state, "")


def parts(change: Change, person: Person) -> list[PartRow]:
    """The parts of a change, in order."""
    found = list(
        change.parts.select_related("holder", "asked", "procedure__runbook").order_by("pk")
    )
    refs = [part.ref for part in found if part.procedure is not None]
    rows = Run.objects.filter(about__in=refs).select_related("of__runbook") if refs else ()
    runs = {run.about: run for run in sorted(rows, key=lambda run: run.pk)}
    for part in found:
        part.change = change
    return [_part(part, runs.get(part.ref), person) for part in found]


def _part(part: Part, run: Run | None, person: Person) -> PartRow:
    theirs, mine = part.change.led_by_id == person.pk, part.holder_id == person.pk
    acts: list[tuple[str, str]] = []
    starts = ""
    if part.state == Part.State.OPEN and part.asked_id in (None, person.pk):
        acts.append(("maintenance.take_part", "Take it"))
    if part.state == Part.State.TAKEN and mine:
        waits = part.procedure is not None and (run is None or run.state != Run.State.FINISHED)
        if part.procedure is not None and (run is None or run.state == Run.State.HALTED):
            starts = part.procedure.runbook.slug
        elif not waits:
            done = ("maintenance.finish_part", "Done")
            acts.append(("maintenance.carry_out_part", "Carry it out") if part.alters else done)
        acts.append(("maintenance.note_on_part", "Note"))
    if part.state == Part.State.DONE and theirs and not mine:
        acts += [("maintenance.accept_part", "Accept"), ("maintenance.return_part", "Give back")]
    if part.state in Part.OPEN and theirs:
        acts.append(("maintenance.drop_part", "Drop"))
    return PartRow(part, run, acts if not part.change.result or theirs else [], starts)


def open_to(change: Change, person: Person) -> dict[str, bool]:
    """What of leading, confirming and accepting is the reader's to do now."""
    leads_it, going_on = change.led_by_id == person.pk, not change.result
    written = change.docs == Change.Docs.UPDATED and change.docs_accepted_at is None
    ended = not going_on and change.confirmed_at is None and change.ended_by_id is not None
    return {
        "leads": leads_it and going_on,
        "divides": leads_it and going_on,
        "may_lead": going_on and change.led_by_id is None and change.tier is not Tier.ROUTINE,
        "may_confirm": ended and change.ended_by_id != person.pk
        and leads(person, change.component),
        "may_accept": written and change.documented_by_id not in (None, person.pk),
    }  # fmt: skip


def guides_for(change: Change, person: Person) -> Person | None:
    """To whom `person` most likely reports: who leads, approved, planned or began it."""
    candidates = [change.led_by, change.approved_by, change.planned_by, change.started_by]
    level = person.level(Area.MAINTENANCE)
    above = [p for p in candidates if p and p.pk != person.pk and p.level(Area.MAINTENANCE) > level]
    return above[0] if above else None


def sentence(change: Change, now: datetime) -> str:
    """What the page says first."""
    who = change.started_by or change.planned_by
    if change.under_way and change.started_at:
        took = duration_words(now - change.started_at)
        over = change.ends and now > change.ends
        late = ", past the end of its window" if over else ""
        return f"{change.title}: under way on {change.component} for {took}{late}. {who} does it."
    if change.to_come:
        return f"{change.title}: planned on {change.component}{_window(change, now)}."
    result = "verified" if change.result == State.VERIFIED else "backed out"
    ended = f" {ago_words(change.ended_at, now)}" if change.ended_at else ""
    rest = "" if change.state == State.CLOSED else " Its documents wait."
    return f"{change.title}: {result}{ended} on {change.component}.{rest}"


def needs_approval(change: Change) -> bool:
    """Whether a second pair of eyes matters before it begins."""
    return change.state == State.PLANNED and bool(
        change.untouched_because or change.tier is Tier.CRITICAL
    )


def _groups(ahead: list[Change], now: datetime) -> Iterator[Group]:
    under_way = [change for change in ahead if change.under_way]
    ended = [change for change in ahead if change.result]
    to_come = [change for change in ahead if change.to_come]
    for title, found in (("Under way", under_way), ("To be documented", ended)):
        if found:
            yield Group(title, found)
    for title, days in groupby(to_come, key=lambda change: _day(change, now)):
        yield Group(title, list(days))


def _day(change: Change, now: datetime) -> str:
    if change.starts is None:
        return "No window yet"
    if change.ends and change.ends <= now:
        return "Missed its window"
    day, today = timezone.localtime(change.starts).date(), timezone.localtime(now).date()
    return "Today" if day <= today else date_words(change.starts, now)


def _window(change: Change, now: datetime) -> str:
    if not (change.starts and change.ends):
        return ", without a window yet"
    length = duration_words(change.ends - change.starts)
    return f" for {time_words(change.starts, now)}, within {length}"

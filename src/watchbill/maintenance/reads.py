"""What the pages of maintenance show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from watchbill.lib.levels import Area, Tier
from watchbill.maintenance.models import Change, Progress
from watchbill.people.models import Person
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


def guides_for(change: Change, person: Person) -> Person | None:
    """To whom `person` most likely reports: who guided the beginning, approved or planned it."""
    candidates = [change.approved_by, change.planned_by, change.started_by]
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

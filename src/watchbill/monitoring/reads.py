"""What the pages of monitoring show."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from watchbill import prometheus
from watchbill.acts import timeline
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import LEVELS, Area
from watchbill.monitoring.models import STAYS_CLOSED, Report
from watchbill.people.models import Person
from watchbill.prometheus import BadQuery, QueryRefused, Sample, TelemetryAway

SHOWN_ROWS = 200
WINDOWS: Mapping[str, timedelta] = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "3h": timedelta(hours=3),
    "12h": timedelta(hours=12),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
STEPS = ("", "5", "15", "60", "300", "3600")  # seconds; "" fits the chart's width
# What people see in a chart as a vertical line: kind of act -> words, look.
MARKED: Mapping[str, tuple[str, str]] = {
    "maintenance.start_change": ("change begun", "guide"),
    "maintenance.complete_change": ("change verified", "good"),
    "maintenance.back_out": ("change backed out", "warn"),
}


@dataclass(frozen=True)
class Exploration:
    """What was asked on the explore page, and what came back."""

    query: str
    window: str
    step: str
    start: datetime | None
    end: datetime | None
    samples: Sequence[Sample] = ()
    error: str = ""
    away: str = ""
    before: str = ""  # the query up to the character that is wrong, that character, and the rest
    at: str = ""
    after: str = ""

    @property
    def length(self) -> timedelta:
        """Of what the chart shows when no range is set."""
        return WINDOWS[self.window]

    @property
    def minutes(self) -> int:
        """The same in minutes."""
        return int(self.length.total_seconds() // 60)

    @property
    def rows(self) -> Sequence[Sample]:
        """The values that fit on the page."""
        return self.samples[:SHOWN_ROWS]


def exploration(given: Mapping[str, str]) -> Exploration:
    """Ask telemetry what the address asks; a wrong window, step or range counts as none."""
    query = given.get("query", "").strip()
    window = given.get("range", "") if given.get("range", "") in WINDOWS else "1h"
    step = given.get("step", "") if given.get("step", "") in STEPS else ""
    start, end = moment(given.get("start", "")), moment(given.get("end", ""))
    if start is None or end is None or start >= end:
        start = end = None
    asked = Exploration(query, window, step, start, end)
    if not query:
        return asked
    try:
        return replace(asked, samples=prometheus.query(query, end))
    except TelemetryAway as error:
        return replace(asked, away=str(error))
    except BadQuery as error:
        before, at, after = place(query, error.line, error.column)
        return replace(asked, error=str(error), before=before, at=at, after=after)
    except QueryRefused as error:
        return replace(asked, error=str(error))


def place(query: str, line: int, column: int) -> tuple[str, str, str]:
    """`query` cut around a character, counted from 1; three empty texts when it is not in it."""
    lines = query.split("\n")
    if not (1 <= line <= len(lines) and 1 <= column <= len(lines[line - 1]) + 1):
        return "", "", ""
    offset = sum(len(one) + 1 for one in lines[: line - 1]) + column - 1
    word = re.match(r"\w+|.|", query[offset:], re.DOTALL)
    end = offset + (len(word[0]) if word else 0)
    return query[:offset], query[offset:end], query[end:]


def moment(text: str) -> datetime | None:
    """Unix seconds from an address as a moment; None when they are none."""
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def waiting_for(person: Person) -> QuerySet[Report]:
    """The open reports that `person` could answer, the oldest first."""
    level = person.level(Area.MONITORING)
    below = level if level >= LEVELS[-1] else level - 1  # nobody stands above the highest
    if level < 2:
        return Report.objects.none()
    found = Report.objects.filter(answer=Report.Answer.OPEN, level__lte=below)
    return found.exclude(by=person).select_related("by", "component").order_by("pk")


def to_confirm(person: Person) -> QuerySet[Report]:
    """Finds that others closed alone over a week ago, for `person` to say that they stayed so."""
    if person.level(Area.MONITORING) < 2:
        return Report.objects.none()
    ago = clock.now() - STAYS_CLOSED
    found = Report.objects.filter(closed_at__lte=ago, closed_alone=True, confirmed_at=None)
    return found.exclude(closed_by=person).select_related("closed_by").order_by("-closed_at")


def reports(answer: str) -> QuerySet[Report]:
    """Reports, the newest first; narrowed when `answer` is one."""
    found = Report.objects.select_related("by", "component", "answered_by").order_by("-pk")
    return found.filter(answer=answer) if answer in Report.Answer.values else found


def marks(component: Component, since: datetime) -> list[dict[str, Any]]:
    """What people did to a component, for its charts: read from the ledger."""
    entries = timeline.of(component).filter(kind__in=MARKED, state="done", at__gte=since)
    return [
        {"at": entry.at, "label": MARKED[entry.kind][0], "kind": MARKED[entry.kind][1]}
        for entry in entries.order_by("-id")[:20]
    ]


def charted(component: Component, window: timedelta) -> dict[str, Any]:
    """A component's charts with their marks, for a template."""
    since = clock.now() - window
    return {
        "component": component, "charts": component.charts, "window": window,
        "marks": marks(component, since) if component.charts else [],
    }  # fmt: skip

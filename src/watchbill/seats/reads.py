"""What the pages of seats and of the watch show."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import Q, QuerySet

from watchbill.acts import timeline
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.lib.numbers import whole
from watchbill.people.models import House, Person, Team
from watchbill.people.subject import Subject
from watchbill.practice.deputies import provides_deputies
from watchbill.seats.models import LogEntry, Seat

MOST_CHARTS = 6
MOST_LINES = 200  # of a log on its page
DRAFTED = 12  # lines of the log, and acts, that a hand-over begins with
Role = Seat.Role


@dataclass(frozen=True)
class Row:
    """A seat with what it is about, looked up together with the others of the list."""

    seat: Seat
    matter: Subject | None
    overdue: bool = False

    @property
    def title(self) -> str:
        """As the seat says itself, without looking its matter up anew."""
        return title(self.seat, self.matter)


@dataclass(frozen=True)
class Place:
    """Something that a watch can be taken over."""

    on: Subject

    @property
    def take(self) -> str:
        """The words of the button."""
        return f"Take the watch over {self.on}"


def title(seat: Seat, matter: Subject | None) -> str:
    """What is held, as a heading: "Watch over Shop team"."""
    if seat.role == Role.ACCOUNTABLE:
        return f"Accountable for {Area(seat.area).title.lower()}"
    over = "Caretaker of" if seat.role == Role.CARETAKER else "Watch over"
    return f"{over} {matter}"


def seats() -> QuerySet[Seat]:
    """All seats with their people."""
    return Seat.objects.select_related("holder", "deputy", "guide", "handed_to", "given_by")


def listed() -> QuerySet[Seat]:
    """Seats that did not end, by role; those that ended are in the timelines."""
    return seats().filter(until=None).order_by("role", "area", "about", "pk")


def watches() -> QuerySet[Seat]:
    """Watches that are stood now, or wait to be accepted; those that are stood alone first."""
    order = ("under_instruction", "provisional", "pk")
    now = seats().filter(role=Role.WATCH, until=None)
    return now.select_related("follows__holder").order_by(*order)


def about(subject: Subject) -> QuerySet[Seat]:
    """The seats about one thing that did not end."""
    return listed().filter(about=subject.ref)


def rows(found: Iterable[Seat]) -> list[Row]:
    """Seats with what they are about, at one query for each sort of thing."""
    found, now = list(found), clock.now()
    wanted: dict[str, set[int]] = defaultdict(set)
    for seat in found:
        label, _, key = seat.about.partition(":")
        wanted[label].add(whole(key) or 0)
    matters: dict[str, Any] = {}
    for label, keys in wanted.items():
        for one in apps.get_model(label)._default_manager.filter(pk__in=keys):
            matters[f"{label}:{one.pk}"] = one
    return [Row(seat, matters.get(seat.about), seat.overdue(now)) for seat in found]


def waiting_for(person: Person) -> QuerySet[Seat]:
    """Seats that `person` was asked to take, and what was handed over to them."""
    asked = Q(holder=person, provisional=True, under_instruction=False)
    return seats().filter(asked | Q(handed_to=person), until=None).order_by("pk")


def stood_watch(person: Person, since: datetime) -> bool:
    """Whether `person` stands a watch alone, or did at some moment after `since`."""
    alone = Seat.objects.filter(
        holder=person, role=Role.WATCH, provisional=False, under_instruction=False
    )
    return alone.filter(Q(until=None) | Q(until__gt=since)).exists()


def learners() -> QuerySet[Seat]:
    """Watches under instruction that wait for a guide."""
    return seats().filter(until=None, under_instruction=True, guide=None).order_by("pk")


def accountable(area: str) -> Seat | None:
    """Who is accountable for an area now, as their seat says; None when nobody is."""
    held = seats().filter(role=Role.ACCOUNTABLE, area=area, until=None, provisional=False)
    seat = held.first()
    return None if seat is None or seat.overdue(clock.now()) else seat


@provides_deputies
def deputies(area: str) -> list[Person]:
    """Who stands in for whoever is accountable for `area`."""
    seat = accountable(area)
    return [seat.deputy] if seat is not None and seat.deputy is not None else []


def unfilled() -> list[Area]:
    """The areas that nobody is accountable for."""
    held = Seat.objects.filter(role=Role.ACCOUNTABLE, until=None, provisional=False)
    filled = {seat.area for seat in held if not seat.overdue(clock.now())}
    return [area for area in Area if area.value not in filled]


def watch_of(person: Person, number: str) -> Seat | None:
    """The watch that the page shows: the one asked for, the reader's own, or the first."""
    now = list(watches()[:50])
    asked = [seat for seat in now if str(seat.pk) == number]
    mine = [seat for seat in now if seat.holder_id == person.pk]
    return next(iter([*asked, *mine, *now]), None)


def places(person: Person) -> list[Place]:
    """Over what `person` may take a watch that nobody stands: their teams, then the house."""
    found: list[Subject] = [*person.teams.order_by("name")[:10], House.get()]
    stood = set(
        Seat.objects.filter(
            role=Role.WATCH, until=None, provisional=False, under_instruction=False
        ).values_list("about", flat=True)
    )
    return [Place(place) for place in found if place.ref not in stood]


def components(matter: Subject) -> QuerySet[Component]:
    """What the watch is over."""
    everything = Component.objects.order_by("name")
    if isinstance(matter, Component):
        return everything.filter(pk=matter.pk)
    if isinstance(matter, Team):
        return everything.filter(owner=matter)
    return everything


def charts(found: QuerySet[Component]) -> list[dict[str, Any]]:
    """The main measurements: the charts of the components, in turn, as many as fit a page."""
    drawn = [component for component in found.exclude(charts=[])[:50] if component.charts]
    taken: list[dict[str, Any]] = []
    for turn in range(MOST_CHARTS):
        for component in drawn:
            if turn < len(component.charts) and len(taken) < MOST_CHARTS:
                chart = component.charts[turn]
                taken.append({**chart, "title": f"{component}: {chart['title']}"})
    return taken


def log(seat: Seat) -> Sequence[LogEntry]:
    """The log, the newest line first."""
    return list(seat.log.select_related("by").order_by("-pk")[:MOST_LINES])


def draft(seat: Seat, lines: Sequence[LogEntry]) -> str:
    """What a hand-over begins with: the log, and what the holder did meanwhile."""
    told = [f"- {line.at:%H:%M} {line.text}" for line in reversed(lines[:DRAFTED])]
    acts = (
        timeline.by_person(seat.holder)
        .filter(at__gte=seat.since, state="done", area=seat.area)
        .exclude(kind__startswith="seats.")
    )
    done = [f"- {act.at:%H:%M} {act.says}" for act in reversed(acts[:DRAFTED])]
    parts = (["From the log (UTC):", *told] if told else []) + (
        ["Done meanwhile:", *done] if done else []
    )
    return "\n".join(parts)[:1500]


def sentence_of_seat(seat: Seat, matter: Subject | None, now: datetime) -> str:
    """What the page of a seat says first."""
    what = title(seat, matter)
    if seat.until is not None:
        return f"{what}: {seat.holder}, until it ended."
    if seat.provisional:
        return f"{what}: {seat.holder} was asked and has not accepted yet."
    late = " Its term is over." if seat.overdue(now) else ""
    return f"{what}: {seat.holder}.{late}"


def sentence(seat: Seat | None, matter: Subject | None, now: datetime) -> str:
    """What the watch page says first."""
    if seat is None:
        return "Nobody stands watch."
    if seat.under_instruction and seat.provisional:
        return f"{seat.holder} wants to learn the watch over {matter}."
    if seat.under_instruction:
        return f"{seat.holder} stands watch over {matter} under instruction, with {seat.guide}."
    if seat.provisional:
        return f"{seat.holder} was asked to stand watch over {matter}."
    late = ", past its end" if seat.overdue(now) else ""
    return f"{seat.holder} stands watch over {matter}{late}."

"""What an incident's room shows: who sits there, what is next for the reader, what was done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from watchbill.acts import perform, timeline
from watchbill.acts.authority import Effect
from watchbill.acts.registry import KINDS
from watchbill.alerts.models import Alert
from watchbill.alerts.reads import split
from watchbill.catalog.models import Component
from watchbill.incidents.models import (
    Fix,
    Incident,
    LookBack,
    Record,
    Seat,
    Task,
    Update,
    Workaround,
)
from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.people.subject import Subject
from watchbill.practice.models import Debrief, Review
from watchbill.practice.reads import reviews_about
from watchbill.runbooks.models import Run, Runbook
from watchbill.runbooks.reads import published

LATEST = 200  # entries of the timeline
MOST = 50  # tasks, and fixes
BEFORE = timedelta(minutes=30)  # shown before the first alert
AFTER = timedelta(minutes=15)  # shown after the end
LONGEST_CHART = timedelta(hours=12)
ACTS_BEFORE = 2_000  # looked through for such changes
CHANGES_SINCE = timedelta(hours=3)  # before the declaration: what may have caused it
State = Incident.State
Role = Seat.Role
Entries = Sequence[Any]


@dataclass(frozen=True)
class Offer:
    """The one thing the reader should do now: an act, or a place to go to."""

    label: str
    act: str = ""
    on: Subject | None = None
    url: str = ""

    @property
    def now(self) -> bool:
        """There is nothing to fill in: one click does it."""
        return bool(self.act) and not KINDS[self.act].wanted


@dataclass(frozen=True)
class Room:
    """An incident with everything around it, read once."""

    incident: Incident
    seats: Sequence[Seat]
    alerts: Sequence[Alert]
    updates: Sequence[Update]
    runbooks: Sequence[Runbook]
    runs: Sequence[Run]
    reviews: Sequence[Review]
    tasks: Sequence[Task]
    fixes: Sequence[Fix]
    record: Record | None  # the newest version
    learned: Sequence[Seat]  # under instruction with a guide, once it is over
    debriefs: Sequence[Debrief]  # of those
    led: Seat | None  # the lead's seat that ended with the incident
    look_backs: Sequence[LookBack]
    held: frozenset[int]  # who ever held an accepted seat
    entries: Entries
    changes: Entries

    @property
    def lead(self) -> Seat | None:
        """Who leads, if anybody."""
        return next((s for s in self.seats if s.role == Role.LEAD and not s.provisional), None)

    def seats_of(self, person: Person) -> list[Seat]:
        """The seats that `person` holds here now."""
        return [seat for seat in self.seats if seat.person_id == person.pk]

    @property
    def workarounds(self) -> list[Workaround]:
        """What is listed for its components and may be applied as routine."""
        return [] if self.incident.over else list(self.incident.workarounds.values())

    def lines_of(self, seat: Seat) -> list[Debrief]:
        """What learner and guide said about a seat."""
        return [line for line in self.debriefs if line.about == seat.ref]

    def to_debrief(self, person: Person) -> list[Seat]:
        """The seats that `person` learned or guided in, and has not looked back on."""
        return [
            seat for seat in self.learned
            if person.pk in (seat.person_id, seat.guide_id)
            and all(line.by_id != person.pk for line in self.lines_of(seat))
        ]  # fmt: skip

    def may_look_back(self, person: Person) -> bool:
        """Whether `person` responded with somebody who led to the end, and said nothing yet."""
        return (
            self.led is not None
            and person.pk in self.held
            and person.pk != self.led.person_id
            and all(line.by_id != person.pk for line in self.look_backs)
        )

    def to_judge(self, person: Person) -> list[Fix]:
        """The fixes that `person` could say the effect of: those of others, as the lead if any."""
        if self.lead is not None and self.lead.person_id != person.pk:
            return []
        return [fix for fix in self.fixes if not fix.verdict and fix.applied_by_id != person.pk]

    @property
    def asks(self) -> Entries:
        """What was asked here and waits for an answer."""
        return [
            entry for entry in self.entries
            if entry.state == "asked" and not hasattr(entry, "answered_by")
            and not perform.expires(entry)
        ]  # fmt: skip

    @property
    def overdue(self) -> bool:
        """The others should have heard again by now."""
        due = self.incident.next_update_due
        return due is not None and due < clock.now()

    @property
    def sentence(self) -> str:
        """Who is on it and what comes next, in words."""
        if self.incident.over:
            return f"It is {self.incident.state}. {self.incident.resolution}"
        responders = sum(not s.provisional and s.role != Role.LEAD for s in self.seats)
        leads = f"{self.lead.person} leads" if self.lead else "Nobody leads yet"
        others = {0: "", 1: ", one more helps"}.get(responders, f", {responders} more help")
        return f"{leads}{others}."


def room(number: int) -> Room | None:
    """The room of an incident, in a fixed number of queries; None if there is none."""
    found = Incident.objects.select_related("declared_by").prefetch_related("components")
    incident = found.filter(pk=number).first()
    if incident is None:
        return None
    components = list(incident.components.all())
    runs = Run.objects.filter(about=incident.ref).select_related("of__runbook", "started_by")
    seats = list(incident.seats.select_related("person", "guide").order_by("pk"))
    learned = [s for s in seats if s.role == Role.UNDER_INSTRUCTION and s.guide and incident.over]
    lines = Debrief.objects.filter(about__in=[s.ref for s in learned], entry=None)
    tasks = incident.tasks.select_related("owner", "added_by")
    fixes = incident.fixes.select_related("applied_by", "alert", "judged_by", "workaround__runbook")
    records = incident.records.select_related("published_by", "accepted_by")
    entries = list(reversed(timeline.of(incident).order_by("-pk")[:LATEST]))
    return Room(
        incident=incident,
        seats=sorted(
            (seat for seat in seats if seat.until is None),
            key=lambda seat: list(Role).index(Role(seat.role)),
        ),
        alerts=list(incident.alerts.select_related("rule", "component").order_by("starts_at")),
        updates=list(incident.updates.select_related("by").order_by("-pk")[:5]),
        runbooks=list(published().filter(component__in=components)) if components else [],
        runs=list(runs.order_by("-pk")[:10]),
        reviews=list(reviews_about(incident)),
        tasks=sorted(tasks.order_by("pk")[:MOST], key=lambda task: task.state == Task.State.DONE),
        fixes=sorted(fixes.order_by("-pk")[:MOST], key=lambda fix: bool(fix.verdict)),
        record=records.order_by("-number").first() if incident.over else None,
        learned=learned,
        debriefs=list(lines.select_related("by").order_by("pk")) if learned else [],
        led=next((seat for seat in seats if _led_to_the_end(seat)), None),
        look_backs=list(incident.look_backs.select_related("by").order_by("pk"))
        if incident.closed_at
        else [],
        held=frozenset(seat.person_id for seat in seats if not seat.provisional),
        entries=entries,
        changes=_changes_before(incident, components, entries),
    )


def _led_to_the_end(seat: Seat) -> bool:
    closed = seat.incident.closed_at
    return bool(closed) and (seat.role, seat.provisional, seat.until) == (Role.LEAD, False, closed)


def _changes_before(
    incident: Incident, components: Sequence[Component], entries: Entries
) -> Entries:
    """Changes that began on the components shortly before: among the last acts of everybody."""
    if not components or not entries:
        return []
    first = entries[0].pk
    began = timeline.done("maintenance.start_change", since=incident.declared_at - CHANGES_SINCE)
    near = began.filter(
        pk__range=(first - ACTS_BEFORE, first),
        mentions__ref__in=[component.ref for component in components],
    )
    return list(near.select_related("by").order_by("-pk").distinct()[:5])


def offer(room: Room, person: Person) -> Offer | None:
    """What this person should do now. The first that applies; nothing when it is all done."""
    incident = room.incident
    for ask in room.asks:
        if perform.why_not(ask, person) is None:
            return Offer(f"Answer {ask.by}", url=f"#entry-{ask.pk}")
    if incident.over:
        return _when_over(room, person)
    mine = room.seats_of(person)
    asked = next((s for s in mine if s.provisional and s.role != Role.UNDER_INSTRUCTION), None)
    if asked is not None:
        return Offer(f"Accept: {asked.get_role_display().lower()}", "incidents.accept_seat", asked)
    if room.lead is None and _alone("incidents.take_lead", person, incident):
        return Offer("Take the lead", "incidents.take_lead", incident)
    if not mine:
        if _alone("incidents.take_seat", person, incident):
            return Offer("Take a seat", "incidents.take_seat", incident)
        return Offer("Join under instruction", "incidents.join_under_instruction", incident)
    if room.lead is not None and room.lead.person_id == person.pk:
        return _for_the_lead(room, person)
    running = next((run for run in room.runs if run.state == Run.State.RUNNING), None)
    if running is not None:
        return Offer(f"Go on with {running.of.runbook}", url=running.get_absolute_url())
    if room.runbooks:
        return Offer("Start a runbook", url="#runbooks")
    return Offer("Note what you see", "incidents.note", incident)


def _for_the_lead(room: Room, lead: Person) -> Offer:
    incident = room.incident
    if room.overdue:
        return Offer("Post an update", "incidents.post_update", incident)
    if any(fix.read for fix in room.to_judge(lead)):
        return Offer("Judge a fix", url="#fixes")
    if incident.state == State.MITIGATING:
        return Offer("Resolve", "incidents.resolve", incident)
    return Offer("Mitigating", "incidents.mitigate", incident)


def _when_over(room: Room, person: Person) -> Offer | None:
    for seat in room.to_debrief(person):
        other = seat.guide if person.pk == seat.person_id else seat.person
        return Offer(f"Look back with {other}", "practice.debrief", seat)
    is_open = next((review for review in room.reviews if review.state == Review.State.OPEN), None)
    if is_open is not None:
        return Offer("Add to the review", url=is_open.get_absolute_url())
    if not room.reviews and _alone("practice.open_review", person, room.incident):
        return Offer("Open a review", "practice.open_review", room.incident)
    resolved = room.incident.state == State.RESOLVED
    if resolved and _alone("incidents.close", person, room.incident):
        return Offer("Close", "incidents.close", room.incident)
    record, url = room.record, reverse("incidents:record", args=[room.incident.pk])
    if person.pk in room.held and record is None:
        return Offer("Write the record", url=url)
    if person.pk in room.held and record and not record.accepted_by_id:
        return None if record.published_by_id == person.pk else Offer("Read the record", url=url)
    return None


def _alone(name: str, person: Person, on: Subject) -> bool:
    return KINDS[name].may(person, on).effect is Effect.DO


def chart(room: Room) -> dict[str, Any]:
    """The chart of the first alert that a rule measures, with marks; {} when there is none."""
    alert = next((alert for alert in room.alerts if alert.rule is not None), None)
    if alert is None or alert.rule is None:
        return {}
    incident = room.incident
    query, limit = split(alert.rule.expr)
    begin = min(filter(None, (alert.starts_at, incident.declared_at))) - BEFORE
    bands = [{"lower": limit, "upper": limit, "label": "threshold"}] if limit else []
    told = {"query": query, "title": alert.name, "bands": bands, "marks": marks(room)}
    if incident.resolved_at is not None:
        return {**told, "start": begin, "end": incident.resolved_at + AFTER}
    return {**told, "window": min(clock.now() - begin, LONGEST_CHART)}


MARKED = {
    "incidents.declare": ("declared", "warn"),
    "incidents.declare_from_alert": ("declared", "warn"),
    "incidents.mitigate": ("mitigating", ""),
    "incidents.resolve": ("resolved", "good"),
    "incidents.reopen": ("reopened", "bad"),
    "runbooks.run_step": ("step", "guide"),
}


def marks(room: Room) -> list[dict[str, Any]]:
    """The moments that explain the curve, oldest first."""
    found: list[dict[str, Any]] = [
        {"at": alert.starts_at, "label": f"{alert.name} fires", "kind": "bad"}
        for alert in room.alerts
        if alert.starts_at is not None
    ]
    found += [{"at": entry.at, "label": entry.says, "kind": "guide"} for entry in room.changes]
    for entry in room.entries:
        if entry.kind in MARKED and entry.state == "done":
            label, kind = MARKED[entry.kind]
            step = f" {entry.given['step']}" if entry.kind == "runbooks.run_step" else ""
            found.append({"at": entry.at, "label": label + step, "kind": kind})
    return sorted(found, key=_moment)


def _moment(mark: dict[str, Any]) -> datetime:
    at: datetime = mark["at"]
    return at

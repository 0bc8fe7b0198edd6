"""Incidents: seats, notes and updates; the board's tasks, fixes, the record, looking back."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import models
from django.urls import reverse

from watchbill.acts import timeline
from watchbill.acts.facts import Seats, provides_seats
from watchbill.acts.given import CannotBeDone
from watchbill.acts.shown import Show
from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject
from watchbill.practice.models import Debrief
from watchbill.runbooks.models import Runbook

NO_WORK = ("incidents.join_under_instruction", "incidents.leave_seat", "practice.debrief")
"""Acts of a learner in a room that are no part in the work."""


class Severity(models.TextChoices):
    """How bad it is for users. The tier of every act in the incident follows from it."""

    SEV1 = "sev1", "SEV 1: most users, or data at risk"
    SEV2 = "sev2", "SEV 2: many users, something important fails"
    SEV3 = "sev3", "SEV 3: some users, or slower than it should be"
    SEV4 = "sev4", "SEV 4: hardly noticed, but a fault"

    @property
    def short(self) -> str:
        """As on a tag: "SEV 2"."""
        return self.label.partition(":")[0]

    @property
    def tier(self) -> Tier:
        """What is at stake."""
        return {"sev3": Tier.MODERATE, "sev4": Tier.ROUTINE}.get(self.value, Tier.CRITICAL)

    @property
    def cadence(self) -> timedelta:
        """How often the others are told how it goes."""
        return timedelta(minutes={"sev1": 15, "sev2": 30, "sev3": 60, "sev4": 240}[self.value])


class Incident(Subject):
    """A fault that harms users or soon will."""

    class State(models.TextChoices):
        """From the first word to the last."""

        DECLARED = "declared"
        INVESTIGATING = "investigating"
        MITIGATING = "mitigating"
        RESOLVED = "resolved"
        CLOSED = "closed"

    OPEN = (State.DECLARED, State.INVESTIGATING, State.MITIGATING)
    OVER = (State.RESOLVED, State.CLOSED)

    title = models.CharField(max_length=200)
    impact = models.TextField(blank=True)  # whom it harms, how
    severity = models.CharField(max_length=4, choices=Severity.choices)
    state = models.CharField(max_length=13, choices=State.choices, default=State.DECLARED)
    components = models.ManyToManyField(Component, related_name="incidents")
    alerts = models.ManyToManyField(Alert, related_name="incidents")
    declared_by = models.ForeignKey(Person, models.PROTECT, related_name="incidents_declared")
    declared_at = models.DateTimeField(default=clock.now)
    told_at = models.DateTimeField(null=True)  # the last update for others
    resolved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    resolution = models.TextField(blank=True)  # what ended it

    area = Area.INCIDENT_RESPONSE

    class Meta:
        indexes = [
            models.Index(fields=["state", "-declared_at"], name="incidents_by_state"),
            models.Index(fields=["-declared_at"], name="incidents_newest"),
        ]

    def __str__(self) -> str:
        return f"incident {self.pk}: {self.title}"

    def get_absolute_url(self) -> str:
        """Its room."""
        return reverse("incidents:room", args=[self.pk])

    @property
    def how_bad(self) -> Severity:
        """The severity with its words, tier and cadence."""
        return Severity(self.severity)

    @property
    def tier(self) -> Tier:
        """From the severity."""
        return self.how_bad.tier

    @property
    def over(self) -> bool:
        """Resolved or closed."""
        return self.state in self.OVER

    @property
    def next_update_due(self) -> datetime | None:
        """When the others should hear again; None when it is over."""
        return None if self.over else (self.told_at or self.declared_at) + self.how_bad.cadence

    @cached_property
    def workarounds(self) -> "dict[int, Workaround]":
        """The workarounds that are listed for its components, by number; read once."""
        listed = Workaround.objects.filter(component__incidents=self, withdrawn_at=None)
        return {one.pk: one for one in listed.select_related("component").order_by("title")}

    def thread(self) -> list[Subject]:
        """Shown in the timelines of its components and alerts too."""
        return [*self.components.all(), *self.alerts.all()]


class Seat(Subject):
    """A named responsibility in an incident. Provisional until whoever it rests on accepts."""

    class Role(models.TextChoices):
        """What the person does there."""

        LEAD = "lead"
        RESPONDER = "responder"
        UNDER_INSTRUCTION = "under-instruction", "under instruction"

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="seats")
    person = models.ForeignKey(Person, models.PROTECT, related_name="seats")
    role = models.CharField(max_length=20, choices=Role.choices)
    provisional = models.BooleanField(default=False)
    guide = models.ForeignKey(Person, models.PROTECT, null=True, related_name="seats_guided")
    since = models.DateTimeField(default=clock.now)
    until = models.DateTimeField(null=True)

    area = Area.INCIDENT_RESPONSE

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "person", "role"], condition=models.Q(until=None),
                name="incidents_one_seat_a_role",
            ),
            models.UniqueConstraint(
                fields=["incident"],
                condition=models.Q(until=None, role="lead", provisional=False),
                name="incidents_one_lead",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["person", "until"], name="incidents_seats_held")]

    def __str__(self) -> str:
        return f"{self.get_role_display().lower()} in {self.incident}"

    @property
    def tier(self) -> Tier:
        """That of the incident."""
        return self.incident.tier

    def get_absolute_url(self) -> str:
        """The room, where seats are."""
        return self.incident.get_absolute_url()

    def thread(self) -> list[Subject]:
        """Shown in the incident's timeline."""
        return [self.incident, *self.incident.thread()]

    def debrief_pair(self) -> tuple[Person, Person]:
        """The learner and the guide of a seat under instruction, once the incident is over."""
        if self.role != self.Role.UNDER_INSTRUCTION:
            raise CannotBeDone("Only a seat under instruction is debriefed.", field="on")
        if self.guide is None:
            raise CannotBeDone("Nobody guided here: the seat stayed provisional.", field="on")
        if not self.incident.over:
            raise CannotBeDone("The incident is not over yet.", hint="Look back when it is.")
        return self.person, self.guide

    def debrief_shows(self, roles: frozenset[str]) -> list[Show]:
        """With the guide's line: taking part, if the learner did. With both lines: guiding."""
        shows = []
        lines = Debrief.objects.filter(about=self.ref, entry=None)
        if lines.latest("pk").role == Debrief.Role.GUIDE and self.took_part():
            shows.append(Show("IR-L1-1", self.person, on=self, witness=self.guide))
        if self.guide is not None and roles == {Debrief.Role.GUIDE, Debrief.Role.LEARNER}:
            shows.append(Show("IR-L3-3", self.guide, on=self, witness=self.person))
        return shows

    def took_part(self) -> bool:
        """The timeline has an entry of the person's own from the time that the seat was held."""
        done = timeline.valid_of(self.incident).filter(state="done")
        own = done.filter(by=self.person, at__gte=self.since)
        if self.until is not None:
            own = own.filter(at__lte=self.until)
        return own.exclude(kind__in=NO_WORK).exists()


class Note(models.Model):
    """Something somebody saw or thought during an incident."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="notes")
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    text = models.TextField()
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.text[:80]


class Update(models.Model):
    """What the others were told: how it stands, and when they will hear again."""

    class Audience(models.TextChoices):
        """For whom it is written."""

        TEAM = "team", "The organisation"
        PUBLIC = "public", "Everybody, users too"

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="updates")
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    audience = models.CharField(max_length=10, choices=Audience.choices)
    text = models.TextField()
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.text[:80]


class OfIncident(Subject):
    """Something within an incident that people act on: as much at stake, and shown in its room."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="%(class)ss")

    area = Area.INCIDENT_RESPONSE

    class Meta:
        abstract = True

    @property
    def tier(self) -> Tier:
        """That of the incident."""
        return self.incident.tier

    def get_absolute_url(self) -> str:
        """Where it stands: in the room."""
        return self.incident.get_absolute_url()

    def thread(self) -> list[Subject]:
        """Shown in the incident's timeline."""
        return [self.incident, *self.incident.thread()]


class Task(OfIncident):
    """One thing to do in an incident. Somebody owns it until it is done or handed back."""

    class State(models.TextChoices):
        """Done is done: what is left over becomes another task."""

        OPEN = "open"
        TAKEN = "taken"
        DONE = "done"

    text = models.CharField(max_length=200)
    state = models.CharField(max_length=5, choices=State.choices, default=State.OPEN)
    added_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=clock.now)
    owner = models.ForeignKey(Person, models.PROTECT, null=True, related_name="incident_tasks")
    taken_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=500, blank=True)  # what came of it

    class Meta:
        indexes = [models.Index(fields=["owner", "state"], name="incidents_tasks_owned")]

    def __str__(self) -> str:
        return self.text


class Workaround(Subject):
    """A way to lessen a known fault of a component, agreed on before it is needed."""

    component = models.ForeignKey(Component, models.PROTECT, related_name="workarounds")
    title = models.CharField(max_length=200)
    how = models.TextField(blank=True)  # Markdown: how it is done, and how it is undone
    runbook = models.ForeignKey(Runbook, models.PROTECT, null=True, related_name="+")
    listed_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    listed_at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True)

    area = Area.INCIDENT_RESPONSE

    class Meta:
        indexes = [models.Index(fields=["component", "withdrawn_at"], name="incidents_workarounds")]

    def __str__(self) -> str:
        return self.title

    @property
    def tier(self) -> Tier:
        """That of the component it touches."""
        return self.component.tier

    def get_absolute_url(self) -> str:
        """Where it is listed: on the component's page."""
        return self.component.get_absolute_url()

    def thread(self) -> list[Subject]:
        """Shown in the component's timeline."""
        return [self.component]


class Fix(OfIncident):
    """Something done to end or lessen the harm, with the signal that it should move."""

    class Verdict(models.TextChoices):
        """What the lead made of it. That something did not help is worth as much."""

        HELPED = "helped"
        DID_NOT_HELP = "did-not-help", "did not help"
        UNCLEAR = "unclear"

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="fixes")
    what = models.CharField(max_length=300)
    workaround = models.ForeignKey(Workaround, models.PROTECT, null=True, related_name="fixes")
    alert = models.ForeignKey(Alert, models.PROTECT, null=True, related_name="+")
    measure = models.CharField(max_length=1000, blank=True)  # PromQL: one number
    applied_by = models.ForeignKey(Person, models.PROTECT, related_name="fixes_applied")
    applied_at = models.DateTimeField(default=clock.now)
    alert_before = models.CharField(max_length=10, blank=True)  # the alert's state, when applied
    alert_after = models.CharField(max_length=10, blank=True)  # and when judged
    before = models.FloatField(null=True)  # the measure, when applied
    after = models.FloatField(null=True)  # and a few minutes later
    measure_problem = models.CharField(max_length=300, blank=True)
    verdict = models.CharField(max_length=12, choices=Verdict.choices, blank=True)
    judged_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    judged_at = models.DateTimeField(null=True)
    because = models.CharField(max_length=500, blank=True)

    @property
    def reading(self) -> str:
        """What the measure was, and is: "12.5 → 0.2"."""
        if self.before is None:
            return "not read yet"
        later = "read again five minutes later" if self.after is None else f"{self.after:.4g}"
        return f"{self.before:.4g} → {later}"

    @property
    def read(self) -> bool:
        """There is something to judge it by: its alert, or its measure read again."""
        return self.alert_id is not None or self.after is not None

    class Meta:
        verbose_name_plural = "fixes"
        indexes = [models.Index(fields=["applied_at"], name="incidents_fixes_applied")]

    def __str__(self) -> str:
        return self.what


class Record(OfIncident):
    """What is kept of an incident for those who come later. Versions are added, never changed."""

    number = models.PositiveIntegerField()
    impact = models.TextField()
    cause = models.TextField()
    actions = models.TextField()
    lines: Any = models.JSONField(default=list)  # the timeline then: [moment, who, what] each
    published_by = models.ForeignKey(Person, models.PROTECT, related_name="records_published")
    published_at = models.DateTimeField(default=clock.now)
    accepted_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "number"], name="incidents_record_once")
        ]

    def __str__(self) -> str:
        return f"record of {self.incident}, version {self.number}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return f"{reverse('incidents:record', args=[self.incident_id])}?version={self.number}"


class LookBack(models.Model):
    """What somebody who responded says about how the incident was led."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="look_backs")
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    lead = models.ForeignKey(Person, models.PROTECT, related_name="+")
    line = models.CharField(max_length=500)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "by"], name="incidents_one_look_back_each")
        ]

    def __str__(self) -> str:
        return self.line


LEAD_CARRIES = frozenset({"lead", "engage"})


@provides_seats(*LEAD_CARRIES)
def lead_seats(person: Person) -> Seats:
    """The incident lead leads and engages there, whatever the level, while seated."""
    held = Seat.objects.filter(
        person=person, role=Seat.Role.LEAD, until=None, provisional=False
    ).values_list("incident_id", flat=True)
    return {f"{Incident._meta.label_lower}:{number}": LEAD_CARRIES for number in held}

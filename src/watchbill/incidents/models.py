"""Incidents, who holds a seat in them, what was noted and what others were told."""

from datetime import datetime, timedelta

from django.db import models
from django.urls import reverse

from watchbill.acts.facts import Seats, provides_seats
from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject


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

    def thread(self) -> list[Subject]:
        """Shown in the incident's timeline."""
        return [self.incident, *self.incident.thread()]


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


LEAD_CARRIES = frozenset({"lead", "engage"})


@provides_seats(*LEAD_CARRIES)
def lead_seats(person: Person) -> Seats:
    """The incident lead leads and engages there, whatever the level, while seated."""
    held = Seat.objects.filter(
        person=person, role=Seat.Role.LEAD, until=None, provisional=False
    ).values_list("incident_id", flat=True)
    return {f"{Incident._meta.label_lower}:{number}": LEAD_CARRIES for number in held}

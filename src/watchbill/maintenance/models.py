"""Changes: deliberate alterations of what runs, and reports on how they go."""

from datetime import datetime

from django.db import models
from django.urls import reverse

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject
from watchbill.practice.models import Improvement
from watchbill.runbooks.models import Run, RunbookVersion

TIERS = [(tier.value, tier.word) for tier in Tier]


class Change(Subject):
    """Work on a component: planned, carried out, verified or backed out, documented, closed.

    Its tier is the risk: the higher of what was declared and the component's own tier. A change
    that does not touch the running component counts as declared once a second person agreed.
    """

    class Kind(models.TextChoices):
        """What is altered."""

        UPDATE = "update", "update"
        FIX = "fix", "fix"
        CONFIG = "config", "configuration"
        CAPACITY = "capacity", "capacity"

    class State(models.TextChoices):
        """Where it is; `closed`: ended as `result` says, and its documents are settled."""

        PLANNED = "planned", "planned"
        APPROVED = "approved", "approved"
        UNDER_WAY = "under-way", "under way"
        VERIFIED = "verified", "verified"
        BACKED_OUT = "backed-out", "backed out"
        CLOSED = "closed", "closed"

    class Docs(models.TextChoices):
        """What became of the documents that describe what was changed."""

        OPEN = "open"
        UPDATED = "updated"
        DECLINED = "declined"

    title = models.CharField(max_length=200)
    component = models.ForeignKey(Component, models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    description = models.TextField(blank=True)  # Markdown
    backout = models.TextField(blank=True)  # the way back, before it is needed
    procedure = models.ForeignKey(RunbookVersion, models.PROTECT, null=True, related_name="changes")
    declared = models.PositiveSmallIntegerField(choices=TIERS, default=Tier.ROUTINE)
    untouched_because = models.CharField(max_length=300, blank=True)
    improvement = models.ForeignKey(
        Improvement, models.PROTECT, null=True, related_name="carried_out_by"
    )
    starts = models.DateTimeField(null=True)  # the window, as planned
    ends = models.DateTimeField(null=True)
    planned_by = models.ForeignKey(Person, models.PROTECT, related_name="changes_planned")
    planned_at = models.DateTimeField(default=clock.now)
    approved_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    led_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="changes_led")
    led_since = models.DateTimeField(null=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PLANNED)
    started_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="changes_begun")
    started_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=12, blank=True)  # State.VERIFIED or State.BACKED_OUT
    outcome = models.TextField(blank=True)
    docs = models.CharField(max_length=10, choices=Docs.choices, default=Docs.OPEN)
    docs_link = models.CharField(max_length=500, blank=True)
    docs_runbook = models.ForeignKey(RunbookVersion, models.PROTECT, null=True, related_name="+")
    docs_reason = models.CharField(max_length=500, blank=True)
    documented_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    documented_at = models.DateTimeField(null=True)
    docs_accepted_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    docs_accepted_at = models.DateTimeField(null=True)
    docs_accepted_how = models.CharField(max_length=10, blank=True)  # "read" or "followed"
    docs_accepted_word = models.CharField(max_length=500, blank=True)
    confirmed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    confirmed_word = models.CharField(max_length=500, blank=True)  # to whoever did it
    measured_before = models.FloatField(null=True)  # the improvement's measure, at the start
    measured_after = models.FloatField(null=True)  # and after the end
    measure_problem = models.CharField(max_length=300, blank=True)
    measure_after = models.DateTimeField(null=True)  # when to read next; null: nothing to read
    area = Area.MAINTENANCE

    class Meta:
        indexes = [
            models.Index(fields=["state", "starts"], name="maintenance_change_state"),
            models.Index(fields=["-ended_at"], name="maintenance_change_ended"),
            models.Index(
                fields=["measure_after"], name="maintenance_change_measure",
                condition=models.Q(measure_after__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("maintenance:change", args=[self.pk])

    @property
    def tier(self) -> Tier:
        """The risk; `risk_because` says how it came about."""
        if self.untouched_because and self.approved_by_id:
            return Tier(self.declared)
        return max(Tier(self.declared), self.component.tier)

    @property
    def risk_because(self) -> str:
        """How the tier came about, in a sentence."""
        declared, theirs = Tier(self.declared), self.component.tier
        if self.untouched_because and self.approved_by_id:
            return (
                f"declared {declared.word}; {self.component} is {theirs.word}, but is not touched: "
                f"{self.untouched_because} ({self.approved_by} agreed)"
            )
        if theirs > declared:
            said = f"declared {declared.word}, but it touches {self.component}"
            said += f", which is {theirs.word}"
            if self.untouched_because:
                said += f"; said not to touch it ({self.untouched_because}): nobody agreed yet"
            return said
        return f"declared {declared.word}; {self.component} is {theirs.word}"

    def thread(self) -> list[Subject]:
        """The component it touches, and the improvement it carries out."""
        return [self.component, *([self.improvement] if self.improvement else [])]

    @property
    def runs(self) -> models.QuerySet[Run]:
        """Of procedures, for this change; the newest first."""
        return Run.objects.filter(about=self.ref).order_by("-pk")

    @property
    def settled(self) -> datetime | None:
        """When it was verified; None while it is not, or when it was backed out."""
        return self.ended_at if self.result == Change.State.VERIFIED else None

    @property
    def ended_as(self) -> str:
        """How it ended, in words; "" while it has not. Read through `find` by apps below."""
        return Change.State(self.result).label if self.result else ""

    @property
    def to_come(self) -> bool:
        """Not begun yet."""
        return self.state in (Change.State.PLANNED, Change.State.APPROVED)

    @property
    def under_way(self) -> bool:
        """Begun and not ended."""
        return self.state == Change.State.UNDER_WAY


class Part(Subject):
    """A part of a change that somebody else than its lead may do. Its stakes are the change's."""

    class State(models.TextChoices):
        """Done is what its holder says, accepted what the lead of the change says."""

        OPEN = "open"
        TAKEN = "taken"
        DONE = "done"
        ACCEPTED = "accepted"
        DROPPED = "dropped"

    OPEN = (State.OPEN, State.TAKEN)

    change = models.ForeignKey(Change, models.PROTECT, related_name="parts")
    text = models.CharField(max_length=300)
    alters = models.BooleanField(default=False)  # what runs: done as the change itself is
    procedure = models.ForeignKey(RunbookVersion, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    added_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=clock.now)
    asked = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    holder = models.ForeignKey(Person, models.PROTECT, null=True, related_name="parts")
    taken_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=1000, blank=True)
    done_at = models.DateTimeField(null=True)
    word = models.CharField(max_length=500, blank=True)  # of the lead: thanks, what is missing, why
    settled_at = models.DateTimeField(null=True)  # accepted or dropped
    area = Area.MAINTENANCE

    def __str__(self) -> str:
        return self.text

    def get_absolute_url(self) -> str:
        """Where it stands on the change's page."""
        return f"{self.change.get_absolute_url()}#parts"

    @property
    def tier(self) -> Tier:
        """What is at stake in the change."""
        return self.change.tier

    def thread(self) -> list[Subject]:
        """The change, and what that belongs to."""
        return [self.change, *self.change.thread()]

    @property
    def runs(self) -> models.QuerySet[Run]:
        """Of its procedure; the newest first."""
        return Run.objects.filter(about=self.ref).order_by("-pk")


class Progress(Subject):
    """A line on how a change goes, said to one person, who acknowledges it."""

    change = models.ForeignKey(Change, models.PROTECT, related_name="progress")
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    to = models.ForeignKey(Person, models.PROTECT, related_name="progress_told")
    text = models.CharField(max_length=1000)
    at = models.DateTimeField(default=clock.now)
    acknowledged_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)
    word = models.CharField(max_length=500, blank=True)  # back to whoever reported
    area = Area.MAINTENANCE

    class Meta:
        verbose_name_plural = "progress"
        indexes = [
            models.Index(
                fields=["to"], name="maintenance_progress_open",
                condition=models.Q(acknowledged_at__isnull=True),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.text

    def thread(self) -> list[Subject]:
        """The change it is about."""
        return [self.change]

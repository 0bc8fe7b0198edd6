"""Standards with their numbered versions, the checks in them, and how components stand to them."""

from datetime import date, timedelta

from django.db import models
from django.urls import reverse

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject

REREAD_AFTER = timedelta(days=30)  # a measure read earlier says little of a way of working


class Standard(Subject):
    """A rule of how work is done, under its name. What it says stands in its versions."""

    class Kind(models.TextChoices):
        """What it regulates."""

        PROCESS = "process", "process"
        SEVERITIES = "severities", "severity scheme"
        QUALITY = "quality", "quality standard"
        PROCEDURE = "procedure", "rule for procedures"

    title = models.CharField(max_length=200)
    area = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    owner = models.ForeignKey(Person, models.PROTECT, related_name="standards")
    about = models.TextField(blank=True)  # what it is for, in a sentence or two
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("standards:standard", args=[self.pk])

    @property
    def in_force(self) -> "StandardVersion | None":
        """The version that holds now."""
        return self.versions.filter(state=StandardVersion.State.IN_FORCE).first()


class StandardVersion(Subject):
    """What a standard says, with the measure chosen beforehand. Changed only while a draft."""

    class State(models.TextChoices):
        """One draft and one version in force at a time."""

        DRAFT = "draft"
        IN_FORCE = "in-force", "in force"
        SUPERSEDED = "superseded"

    class Effect(models.TextChoices):
        """What the measure says, as somebody else reads it. Each is worth knowing."""

        AS_HOPED = "as-hoped", "as hoped"
        UNCHANGED = "unchanged", "no change"
        WORSE = "worse", "worse"

    standard = models.ForeignKey(Standard, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    text = models.TextField()  # Markdown
    reason = models.TextField()
    automates = models.CharField(max_length=300, blank=True)  # the step done by hand until now
    automated_by = models.CharField(max_length=80, blank=True)  # what does it, by reference
    written_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(default=clock.now)
    in_force_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    in_force_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    query = models.TextField(blank=True)  # the measure: PromQL that gives one number, or
    words = models.CharField(max_length=500, blank=True)  # words that say how it is read
    before = models.CharField(max_length=200, blank=True)
    after = models.CharField(max_length=200, blank=True)
    read_at = models.DateTimeField(null=True)  # the re-reading
    read_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    measure_problem = models.CharField(max_length=300, blank=True)
    effect = models.CharField(max_length=10, choices=Effect.choices, blank=True)
    effect_why = models.TextField(blank=True)
    effect_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    effect_at = models.DateTimeField(null=True)

    checked_at = models.DateTimeField(null=True)  # all its checks; null: as soon as possible

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["standard", "number"], name="standards_version_once"),
            models.UniqueConstraint(
                fields=["standard"], condition=models.Q(state="draft"), name="standards_one_draft"
            ),
            models.UniqueConstraint(
                fields=["standard"], condition=models.Q(state="in-force"),
                name="standards_one_in_force",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["state", "checked_at"], name="standards_to_check")]

    def __str__(self) -> str:
        return f"{self.standard}, version {self.number}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("standards:version", args=[self.standard_id, self.number])

    @property
    def area(self) -> str:
        """That of the standard."""
        return self.standard.area

    def thread(self) -> list[Subject]:
        """The standard whose version it is."""
        return [self.standard]

    @property
    def has_measure(self) -> bool:
        """A measure was chosen."""
        return bool(self.query or self.words)

    @property
    def is_process(self) -> bool:
        """It says how incidents are handled: its effect is confirmed by another senior."""
        return self.standard.kind == Standard.Kind.PROCESS and self.area == Area.INCIDENT_RESPONSE


class Check(models.Model):
    """A check of a version, run for each component from some tier on."""

    of = models.ForeignKey(StandardVersion, models.PROTECT, related_name="checks")
    label = models.CharField(max_length=100)  # exemptions go by it, over versions
    name = models.CharField(max_length=60)  # in the registry, see checks.py
    given = models.JSONField(default=dict)
    from_tier = models.PositiveSmallIntegerField(
        choices=[(tier.value, tier.word) for tier in Tier], default=Tier.ROUTINE
    )
    dropped = models.BooleanField(default=False)
    tried_at = models.DateTimeField(null=True)  # run without a problem
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["of", "label"], condition=models.Q(dropped=False),
                name="standards_check_once",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.label


class Result(models.Model):
    """How a component stands to a check, with the reason in words, since when."""

    class State(models.TextChoices):
        """Unknown: it could not be told."""

        OK = "ok", "conforms"
        FAILS = "fails", "does not conform"
        UNKNOWN = "unknown", "unknown"

    check_of = models.ForeignKey(Check, models.PROTECT, related_name="results")
    component = models.ForeignKey(Component, models.PROTECT, related_name="conformance")
    state = models.CharField(max_length=10, choices=State.choices)
    reason = models.CharField(max_length=300)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["check_of", "component"], name="standards_one_result_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.component}: {self.reason}"


class Exemption(models.Model):
    """A component need not conform to a check until a date, for a reason. It ends by itself."""

    standard = models.ForeignKey(Standard, models.PROTECT, related_name="exemptions")
    component = models.ForeignKey(Component, models.PROTECT, related_name="exemptions")
    label = models.CharField(max_length=100)  # of the check
    reason = models.CharField(max_length=500)
    until = models.DateField()  # the last day
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.component}: {self.label} until {self.until}"

    def holds(self, today: date) -> bool:
        """It has not ended."""
        return today <= self.until


class Session(models.Model):
    """People came together to learn what a version says and why."""

    of = models.ForeignKey(StandardVersion, models.PROTECT, related_name="sessions")
    held_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    participants = models.ManyToManyField(Person, related_name="sessions_attended")
    notes = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"session on {self.of}"


class Acceptance(models.Model):
    """A lead of a component accepted the conformance report."""

    of = models.ForeignKey(StandardVersion, models.PROTECT, related_name="acceptances")
    component = models.ForeignKey(Component, models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    word = models.CharField(max_length=1000)
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.by} for {self.component}"

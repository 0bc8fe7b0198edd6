"""Runbooks with their versions, runs of a version, and each doing of a step."""

from functools import cached_property

import msgspec
from django.db import models
from django.urls import reverse

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject
from watchbill.practice.about import AboutSubject
from watchbill.runbooks.procedure import Procedure, Step


class Runbook(Subject):
    """A procedure under its name. What it says stands in its versions; one is in force."""

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=200)
    component = models.ForeignKey(Component, models.PROTECT, null=True, related_name="runbooks")
    area = models.CharField(max_length=40)
    stakes = models.PositiveSmallIntegerField(default=Tier.ROUTINE)
    in_force = models.ForeignKey("RunbookVersion", models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("runbooks:runbook", args=[self.slug])

    @property
    def tier(self) -> Tier:
        """As its version in force says."""
        return Tier(self.stakes)

    def thread(self) -> list[Subject]:
        """Shown in its component's timeline too."""
        return [self.component] if self.component else []


class RunbookVersion(Subject):
    """What a runbook said from one publication to the next. Never changed: runs refer to it.

    It may name a measure that it should move, which is read before and when it was in use.
    """

    runbook = models.ForeignKey(Runbook, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    source = models.TextField()  # the Markdown
    content = models.JSONField()  # the same as a Procedure
    published_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    published_at = models.DateTimeField(default=clock.now)
    expected = models.CharField(max_length=500, blank=True)  # what is better by it, in words
    measure = models.CharField(max_length=1000, blank=True)  # PromQL, or effect.CLEAN_RUNS
    before = models.FloatField(null=True)
    after = models.FloatField(null=True)
    after_at = models.DateTimeField(null=True)
    measure_problem = models.CharField(max_length=300, blank=True)
    confirmed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    confirmation = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["runbook", "number"], name="runbooks_version_once")
        ]
        indexes = [models.Index(fields=["published_at"], name="runbooks_version_published")]

    def __str__(self) -> str:
        return f"{self.runbook}, version {self.number}"

    def get_absolute_url(self) -> str:
        """Its runbook's page, as this version has it."""
        return f"{self.runbook.get_absolute_url()}?version={self.number}"

    @property
    def area(self) -> str:
        """That of the procedure."""
        return self.procedure.area

    @property
    def tier(self) -> Tier:
        """As this version says."""
        return Tier.read(self.procedure.tier)

    def thread(self) -> list[Subject]:
        """Shown in the timelines of its runbook and of that one's component."""
        return [self.runbook, *self.runbook.thread()]

    @cached_property
    def procedure(self) -> Procedure:
        """The steps and all, ready to use."""
        return msgspec.convert(self.content, Procedure)


class Run(AboutSubject):
    """Somebody works through a runbook, step by step, because of an incident, alert or change."""

    class State(models.TextChoices):
        """A halted run is never resumed: a new one is started, with a fresh look."""

        RUNNING = "running"
        FINISHED = "finished"
        HALTED = "halted"

    of = models.ForeignKey(RunbookVersion, models.PROTECT, related_name="runs")
    area = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    at_step = models.PositiveSmallIntegerField(default=1)  # from 1; one more than there are: done
    values = models.JSONField(default=dict)  # name -> what was answered
    started_by = models.ForeignKey(Person, models.PROTECT, related_name="runs")
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.of.runbook.title} (run {self.pk})"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("runbooks:run", args=[self.pk])

    @property
    def tier(self) -> Tier:
        """As the version that is run says, whatever was published since."""
        return Tier.read(self.of.procedure.tier)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the version that is run."""
        return self.of.procedure.steps

    def thread(self) -> list[Subject]:
        """Its runbook, what it is about, and what that belongs to."""
        return list(dict.fromkeys([self.of.runbook, *super().thread()]))


class Execution(models.Model):
    """One doing of one step. Those of the machine are claimed by the work process."""

    class State(models.TextChoices):
        """`interrupted`: it was cut off, and nobody knows whether it took effect."""

        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        INTERRUPTED = "interrupted"
        SKIPPED = "skipped"
        CANCELLED = "cancelled"

    run = models.ForeignKey(Run, models.PROTECT, related_name="executions")
    step = models.PositiveSmallIntegerField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices)
    exact = models.JSONField()  # what is done, values filled in
    argv = models.JSONField(default=list)  # of a command: as the allow-list completed it
    result = models.CharField(max_length=500, blank=True)  # one sentence
    output = models.TextField(blank=True)
    asked_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(default=clock.now)  # not to be begun before
    deadline = models.DateTimeField(null=True)  # a check may be repeated until then
    begun_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    LIVE = (State.QUEUED, State.RUNNING)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run"],
                condition=models.Q(state__in=["queued", "running"]),
                name="runbooks_one_at_a_time",
            )
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="runbooks_due")]

    def __str__(self) -> str:
        return f"step {self.step} of {self.run}"

    @property
    def live(self) -> bool:
        """Waits for the work process, or is being done by it."""
        return self.state in self.LIVE

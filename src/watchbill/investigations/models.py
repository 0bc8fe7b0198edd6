"""Investigations: hypotheses, what was found, the parts of the work, and the analysis of it all."""

from datetime import timedelta
from functools import cached_property

from django.db import models
from django.urls import reverse

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject, find
from watchbill.practice.about import AboutSubject

AREAS = [(area.value, area.title) for area in Area]


class Protocol(Subject):
    """One edition of a named checklist that investigations follow. Editions are never changed."""

    name = models.SlugField(max_length=40)
    edition = models.PositiveIntegerField()
    title = models.CharField(max_length=100)
    steps = models.JSONField(default=list)  # of strings, each a question to answer
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name", "edition"], name="investigations_one_protocol_an_edition"
            )
        ]

    def __str__(self) -> str:
        return f"{self.title}, edition {self.edition}"


class Investigation(AboutSubject):
    """Finding out why: a question with an owner, and hypotheses that are put to the test."""

    class State(models.TextChoices):
        """Open to everybody's findings, then closed with a conclusion."""

        OPEN = "open", "open"
        CLOSED = "closed", "closed"

    class Conclusion(models.TextChoices):
        """What became of the suspected cause."""

        CONFIRMED = "confirmed", "cause confirmed"
        RULED_OUT = "ruled-out", "cause ruled out"
        UNDECIDED = "undecided", "undecided"

    title = models.CharField(max_length=200)
    area = models.CharField(max_length=40, choices=AREAS)
    owner = models.ForeignKey(Person, models.PROTECT, related_name="investigations")
    opened_at = models.DateTimeField(default=clock.now)
    complex = models.BooleanField(default=False)
    complex_because = models.CharField(max_length=500, blank=True)
    protocol = models.CharField(max_length=100)  # its title and edition, as it was
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    conclusion = models.CharField(max_length=12, choices=Conclusion.choices, blank=True)
    answer = models.TextField(blank=True)  # Markdown: what was found out
    closed_at = models.DateTimeField(null=True)
    read_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    read_at = models.DateTimeField(null=True)
    settled_with = models.CharField(
        max_length=80, blank=True, db_index=True
    )  # the change, by reference
    settled_title = models.CharField(max_length=200, blank=True)
    quiet_days = models.PositiveSmallIntegerField(default=0)  # without coming back, once changed
    settled_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    confirmed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "-id"], name="investigations_by_state")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("investigations:investigation", args=[self.pk])

    @cached_property
    def matter(self) -> Subject:
        """What it is about; looked up once, because every button asks what is at stake."""
        return find(self.about)

    @property
    def tier(self) -> Tier:
        """That of what it is about: an incident's severity, a component's tier, a change's risk."""
        return self.matter.tier

    @property
    def is_open(self) -> bool:
        """Findings can be added."""
        return self.state == self.State.OPEN

    @property
    def quiet_for(self) -> timedelta:
        """How long it must not come back once the change is made."""
        return timedelta(days=self.quiet_days)


class Step(models.Model):
    """A step of the protocol in one investigation: ticked with what was found, or left."""

    investigation = models.ForeignKey(Investigation, models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=300)
    left = models.BooleanField(default=False)
    said = models.CharField(max_length=1000, blank=True)  # what was found, or why it is left
    by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["investigation", "position"], name="investigations_one_step_a_place"
            )
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def ticked(self) -> bool:
        """Done, with a line on what was found."""
        return self.by_id is not None and not self.left

    @property
    def settled(self) -> bool:
        """Ticked, or left with a reason."""
        return self.by_id is not None


class Inside(Subject):
    """What belongs to an investigation: its area, its tier, and a place in its timeline."""

    investigation = models.ForeignKey(Investigation, models.PROTECT, related_name="+")

    class Meta:
        abstract = True

    @property
    def area(self) -> str:
        """That of the investigation."""
        return self.investigation.area

    @property
    def tier(self) -> Tier:
        """That of the investigation."""
        return self.investigation.tier

    def thread(self) -> list[Subject]:
        """Shown in the timelines of the investigation and of what that is about."""
        return [self.investigation, *self.investigation.thread()]

    def get_absolute_url(self) -> str:
        """Its place on the investigation's page."""
        return f"{self.investigation.get_absolute_url()}#{self._meta.model_name}-{self.pk}"


class Charted(models.Model):
    """Something seen on a range of a query, which `freeze.py` keeps as it was."""

    query = models.TextField(blank=True)  # PromQL
    start = models.DateTimeField(null=True)
    end = models.DateTimeField(null=True)
    frozen = models.JSONField(null=True)  # Prometheus's matrix
    freeze_after = models.DateTimeField(null=True)  # null: done, given up, or nothing to keep
    freeze_error = models.CharField(max_length=500, blank=True)

    class Meta:
        abstract = True


class Hypothesis(Inside):
    """A possible cause, stated so that it can be shown wrong."""

    class State(models.TextChoices):
        """What its tests made of it."""

        OPEN = "open", "open"
        SUPPORTED = "supported", "supported"
        RULED_OUT = "ruled-out", "ruled out"

    investigation = models.ForeignKey(Investigation, models.PROTECT, related_name="hypotheses")
    text = models.CharField(max_length=500)
    owner = models.ForeignKey(Person, models.PROTECT, related_name="hypotheses")
    proposed_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    because = models.CharField(max_length=1000, blank=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "hypotheses"

    def __str__(self) -> str:
        return self.text


class Finding(Inside, Charted):
    """Something that was found out: words, with a chart, a log extract or a reference.

    With `expected` it is a test: what the hypothesis predicted, and in `text` what was seen.
    """

    class Says(models.TextChoices):
        """What it says about its hypothesis, by the hypothesis's owner."""

        SUPPORTS = "supports", "supports it"
        RULES_OUT = "rules-out", "rules it out"
        NOTHING = "nothing", "says nothing about it"

    investigation = models.ForeignKey(Investigation, models.PROTECT, related_name="findings")
    hypothesis = models.ForeignKey(Hypothesis, models.PROTECT, null=True, related_name="findings")
    text = models.CharField(max_length=1000)
    expected = models.CharField(max_length=500, blank=True)
    log = models.TextField(blank=True)
    reference = models.CharField(max_length=80, blank=True)  # a change, an alert, …
    reference_title = models.CharField(max_length=200, blank=True)
    reference_url = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(Person, models.PROTECT, related_name="findings")
    at = models.DateTimeField(default=clock.now)
    says = models.CharField(max_length=10, choices=Says.choices, blank=True)
    judged_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    judged_at = models.DateTimeField(null=True)
    word = models.CharField(max_length=500, blank=True)  # from whoever judged it

    class Meta:
        indexes = [
            models.Index(
                fields=["freeze_after"], name="investigations_finding_freeze",
                condition=models.Q(freeze_after__isnull=False),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.text


class Part(Inside):
    """A piece of the work, which somebody takes and finishes."""

    class State(models.TextChoices):
        """Free to take, taken, and how it ended."""

        FREE = "free", "free"
        TAKEN = "taken", "taken"
        FINISHED = "finished", "finished"
        DROPPED = "dropped", "dropped"

    investigation = models.ForeignKey(Investigation, models.PROTECT, related_name="parts")
    text = models.CharField(max_length=300)
    added_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.FREE)
    result = models.CharField(max_length=1000, blank=True)
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.text


class Analysis(Inside, Charted):
    """What was understood, published to be judged: causes and impact, or a pattern and a claim."""

    class State(models.TextChoices):
        """Waits for another senior, or was judged."""

        PUBLISHED = "published", "published"
        ACCEPTED = "accepted", "accepted"
        RETURNED = "returned", "returned"

    class Oversight(models.TextChoices):
        """What a lead made of it, on a critical one."""

        ACCEPTED = "accepted", "accepted"
        RETURNED = "returned", "returned"

    investigation = models.ForeignKey(Investigation, models.PROTECT, related_name="analyses")
    author = models.ForeignKey(Person, models.PROTECT, related_name="analyses")
    at = models.DateTimeField(default=clock.now)
    causes = models.JSONField(default=list)  # of strings, the weightiest first
    impact = models.TextField(blank=True)
    affected = models.ManyToManyField(Component, related_name="+")
    pattern = models.TextField(blank=True)  # what the frozen chart shows
    claim = models.TextField(blank=True)  # what follows from it
    state = models.CharField(max_length=10, choices=State.choices, default=State.PUBLISHED)
    judged_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    judged_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=1000, blank=True)
    oversight = models.CharField(max_length=10, choices=Oversight.choices, blank=True)
    overseen_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    overseen_at = models.DateTimeField(null=True)
    lacking = models.JSONField(default=list)  # keys of `completeness.COMPLETE`
    oversight_why = models.CharField(max_length=1000, blank=True)
    noted_at = models.DateTimeField(null=True)  # by the lead of the investigation
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name_plural = "analyses"
        indexes = [
            models.Index(
                fields=["freeze_after"], name="investigations_analysis_keep",
                condition=models.Q(freeze_after__isnull=False),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"analysis of “{self.investigation.title}”"

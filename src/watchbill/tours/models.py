"""Tours with their versions, and walks: one person's way through one, with every answer."""

from functools import cached_property

from django.db import models
from django.urls import reverse

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import LEVELS, Area, Tier
from watchbill.people.models import House, Person
from watchbill.people.subject import Subject
from watchbill.tours.steps import Step, read_steps


class Sort(models.TextChoices):
    """What is done with it: questions are answered on a tour, values captured on a round."""

    TOUR = "tour"
    ROUND = "round"


class Tour(Subject):
    """A written tour or round. What it says stands in its versions; one is in force."""

    sort = models.CharField(max_length=10, choices=Sort.choices)
    area = models.CharField(max_length=40)
    title = models.CharField(max_length=200, unique=True)
    component = models.ForeignKey(Component, models.PROTECT, null=True, related_name="tours")
    in_force = models.ForeignKey("TourVersion", models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("tours:tour", args=[self.pk])

    @property
    def tier(self) -> Tier:
        """To look at something changes nothing that runs."""
        return Tier.ROUTINE

    def thread(self) -> list[Subject]:
        """Shown in its component's timeline too."""
        return [self.component] if self.component else []


class TourVersion(models.Model):
    """What a tour said from one publication to the next. Never changed."""

    tour = models.ForeignKey(Tour, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    source = models.TextField()  # the Markdown
    content = models.JSONField()  # its steps
    published_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    published_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tour", "number"], name="tours_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.tour}, version {self.number}"

    @property
    def steps(self) -> list[Step]:
        """Its steps."""
        return read_steps(self.content)


class Walk(Subject):
    """One person's walk. It keeps the steps as they were when it began.

    What a learner answers is shown on the walk's page and in no other timeline.
    """

    tour = models.ForeignKey(Tour, models.PROTECT, null=True, related_name="walks")
    component = models.ForeignKey(Component, models.PROTECT, null=True, related_name="walks")
    sort = models.CharField(max_length=10, choices=Sort.choices)
    area = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    content = models.JSONField()  # the steps
    person = models.ForeignKey(Person, models.PROTECT, related_name="walks")
    level = models.PositiveSmallIntegerField()  # of the person in the area, when it began
    started_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True)
    seen_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="walks_seen")
    seen_at = models.DateTimeField(null=True)
    said = models.CharField(max_length=1000, blank=True)  # by who saw it, to the person

    class Meta:
        indexes = [
            models.Index(
                fields=["area", "level"], name="tours_walk_to_see",
                condition=models.Q(finished_at__isnull=False, seen_at=None),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("tours:walk", args=[self.pk])

    @cached_property
    def steps(self) -> list[Step]:
        """The steps it goes through."""
        return read_steps(self.content)

    @property
    def is_round(self) -> bool:
        """Its values are captured, not typed."""
        return self.sort == Sort.ROUND

    @property
    def matter(self) -> Subject:
        """What was walked: the component, else the written tour, else the house."""
        return self.component or self.tour or House.get()

    @property
    def duty(self) -> str:
        """What it shows once somebody saw it."""
        if self.area == Area.MAINTENANCE:
            return "" if self.is_round else "MA-L1-1"
        if self.area == Area.MONITORING:
            return "MO-L1-2" if self.is_round else "MO-L1-1"
        return ""

    def why_not_seen_by(self, person: Person) -> str:
        """Why `person` cannot see these answers as a guide; empty when they can.

        A guide stands above who walked; nobody stands above the highest level.
        """
        if person.pk == self.person_id:
            return "Nobody sees their own answers for themselves."
        if person.level(self.area) < min(self.level + 1, LEVELS[-1]):
            area = self.area.replace("-", " ")
            return f"They are seen by somebody who stands above L{self.level} in {area}."
        if self.finished_at is None:
            return "It is not finished yet."
        return ""


class Answer(models.Model):
    """One try at one step. Later tries are rows of their own.

    What is read from telemetry is read by `judge.py` for the moment of the answer.
    """

    walk = models.ForeignKey(Walk, models.PROTECT, related_name="answers")
    step = models.PositiveSmallIntegerField()  # from 1
    text = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField(default=clock.now)
    read_after = models.DateTimeField(null=True)  # null: nothing is to be read
    value = models.FloatField(null=True)  # what was read
    problem = models.CharField(max_length=300, blank=True)  # why nothing was
    right = models.BooleanField(null=True)
    judged_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    told = models.CharField(max_length=1000, blank=True)  # by who judged or checked it
    checked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["read_after"], name="tours_answer_due",
                condition=models.Q(read_after__isnull=False),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.text or (self.problem if self.value is None else f"{self.value:g}")

    @property
    def waits(self) -> bool:
        """It is still to be read."""
        return self.read_after is not None

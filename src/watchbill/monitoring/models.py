"""Reports: somebody saw something in the measurements that looks wrong."""

from datetime import timedelta

from django.db import models
from django.urls import reverse

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import LEVELS, Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject


class Report(Subject):
    """An anomaly or error, seen on a range of a query, and the answer it got.

    `frozen` is the chart as it was: Prometheus's matrix, taken by `freeze.py` soon after.
    """

    class Answer(models.TextChoices):
        """What somebody who stands above the reporter made of it. All of them count."""

        OPEN = "open"
        REAL = "real"
        KNOWN = "known"
        NOISE = "noise"

    by = models.ForeignKey(Person, models.PROTECT, related_name="reports")
    at = models.DateTimeField(default=clock.now)
    component = models.ForeignKey(
        Component, models.PROTECT, null=True, related_name="anomaly_reports"
    )
    what = models.CharField(max_length=500)
    query = models.TextField(blank=True)  # PromQL
    start = models.DateTimeField()
    end = models.DateTimeField()
    level = models.PositiveSmallIntegerField()  # of the reporter, when reported
    answer = models.CharField(max_length=10, choices=Answer.choices, default=Answer.OPEN)
    answered_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    because = models.CharField(max_length=1000, blank=True)
    frozen = models.JSONField(null=True)
    freeze_after = models.DateTimeField(null=True, default=clock.now)  # null: done or given up
    freeze_error = models.CharField(max_length=500, blank=True)
    area = Area.MONITORING

    class Meta:
        indexes = [
            models.Index(
                fields=["level", "id"], name="monitoring_report_open",
                condition=models.Q(answer="open"),
            ),
            models.Index(
                fields=["freeze_after"], name="monitoring_report_freeze",
                condition=models.Q(freeze_after__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.what

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("monitoring:report", args=[self.pk])

    def thread(self) -> list[Subject]:
        """The component it is about."""
        return [self.component] if self.component else []

    @property
    def tier(self) -> Tier:
        """To answer a report changes nothing that runs."""
        return Tier.ROUTINE

    @property
    def is_open(self) -> bool:
        """Nobody answered yet."""
        return self.answer == Report.Answer.OPEN

    @property
    def length(self) -> timedelta:
        """Of the range that looks wrong."""
        return self.end - self.start

    def why_not_received_by(self, person: Person) -> str | None:
        """Why `person` cannot answer it; None when they can.

        A receiver stands above the reporter; nobody stands above the highest level, so there it is
        anybody else at that level.
        """
        if person.pk == self.by_id:
            return "Nobody answers their own report."
        if person.level(self.area) < min(self.level + 1, LEVELS[-1]):
            return f"It is answered by somebody who stands above L{self.level} in monitoring."
        return None

"""Reports: somebody saw something in the measurements that looks wrong."""

from datetime import datetime, timedelta

from django.db import models
from django.urls import reverse

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import LEVELS, Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject

STAYS_CLOSED = timedelta(days=7)


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
    # A find that is real is dealt with and closed, by its finder or by who answered it.
    cause = models.CharField(max_length=1000, blank=True)
    closed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_alone = models.BooleanField(default=False)  # without a go-ahead
    confirmed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
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
                fields=["closed_at"], name="monitoring_report_to_confirm",
                condition=models.Q(confirmed_at=None, closed_alone=True),
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

    def why_not_confirmed_by(self, person: Person, now: datetime) -> str:
        """Why `person` cannot confirm now that it stayed closed; empty when they can."""
        if self.closed_by is None or self.closed_at is None:
            return "It is not closed."
        if person.pk == self.closed_by_id:
            return "Nobody confirms what they closed themselves."
        if person.level(self.area) < 2:
            return "It is confirmed by somebody who stands at L2 or above in monitoring."
        if self.confirmed_at is not None:
            return "It is confirmed already."
        if not self.closed_alone:
            return f"{self.closed_by} closed it with a go-ahead."
        if now - self.closed_at < STAYS_CLOSED:
            return "It is confirmed seven days after it was closed, not earlier."
        again = Report.objects.filter(
            component=self.component, answer=Report.Answer.REAL,
            start__gt=self.closed_at, start__lte=self.closed_at + STAYS_CLOSED,
        )  # fmt: skip
        if self.component and again.exists():
            return f"Something real was reported of {self.component} again within seven days."
        return ""

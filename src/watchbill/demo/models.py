"""What somebody ordered of the example system, and how it is set up for visitors."""

from datetime import UTC, datetime
from typing import Self

from django.db import models

from watchbill.lib import clock
from watchbill.people.models import Person


class Order(models.Model):
    """Break something, mend it the way its runbook does, or start over. `work` carries it out."""

    class Word(models.TextChoices):
        """What is ordered."""

        INJECT = "inject"
        HEAL = "heal"
        START_OVER = "start over"

    word = models.CharField(max_length=10, choices=Word.choices)
    fault = models.CharField(max_length=20, blank=True)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    done_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.word} {self.fault}"


class Scene(models.Model):
    """How the example is set up for whoever looks around in it: one row, none before a change."""

    colleagues = models.BooleanField(default=True)  # answer by themselves
    begun_at = models.DateTimeField(default=clock.now)  # what came before is not of the tour
    without_tour = models.JSONField(default=list)  # user names of those who put it away

    def __str__(self) -> str:
        return f"the example since {self.begun_at}"

    @classmethod
    def now(cls) -> Self:
        """The row, or how everything is before there is one."""
        return cls.objects.first() or cls(begun_at=datetime.fromtimestamp(0, UTC))

"""What somebody ordered of the example system. The work process carries it out."""

from django.db import models

from watchbill.lib import clock
from watchbill.people.models import Person


class Order(models.Model):
    """Break something, or mend it the way its runbook does."""

    class Word(models.TextChoices):
        """What is ordered."""

        INJECT = "inject"
        HEAL = "heal"

    word = models.CharField(max_length=10, choices=Word.choices)
    fault = models.CharField(max_length=20)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    done_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.word} {self.fault}"

"""The ladder in force, and drafts of the next."""

from django.db import models

from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.people.subject import Subject


class Ladder(Subject):
    """A ladder document that was read. The newest adopted one is in force."""

    title = models.CharField(max_length=200)
    text = models.TextField()
    levels = models.JSONField(default=dict)  # "1" -> "Junior developer"
    drafted_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    drafted_at = models.DateTimeField(default=clock.now)
    adopted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.title


class Duty(models.Model):
    """One duty of a ladder.

    `default_key` is the duty of the shipped ladder that it corresponds to, through which acts find
    it; empty when nothing in Watchbill is evidence for it yet.
    """

    ladder = models.ForeignKey(Ladder, models.PROTECT, related_name="duties")
    key = models.CharField(max_length=20)
    area = models.CharField(max_length=60)
    level = models.PositiveSmallIntegerField()
    ordinal = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=500)
    default_key = models.CharField(max_length=20, blank=True)

    class Meta:
        verbose_name_plural = "duties"
        constraints = [models.UniqueConstraint(fields=["ladder", "key"], name="ladder_duty_key")]

    def __str__(self) -> str:
        return f"{self.key} {self.text}"

"""Proposals, and the positions people take on them."""

from django.db import models
from django.urls import reverse

from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.people.subject import Subject, find
from watchbill.practice.about import AboutSubject

INCIDENTS = "incidents.incident:"


class Proposal(AboutSubject):
    """A suggestion for how something is done or watched, argued with positions until decided."""

    class Kind(models.TextChoices):
        """What is suggested."""

        PROCESS = "process", "process"
        MONITOR = "monitor", "monitor"
        CHART = "chart", "chart"
        PROCEDURE = "procedure", "procedure"
        STANDARD = "standard", "standard"

    class State(models.TextChoices):
        """Declined ones stay, with the reason: they count as much as accepted ones."""

        OPEN = "open"
        ACCEPTED = "accepted"
        DECLINED = "declined"

    area = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    title = models.CharField(max_length=200)
    text = models.TextField()  # Markdown
    query = models.TextField(blank=True)  # PromQL that it was suggested from
    minutes = models.PositiveIntegerField(default=0)  # of the chart that was looked at
    by = models.ForeignKey(Person, models.PROTECT, related_name="proposals")
    at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    reason = models.TextField(blank=True)
    decided_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    carried_by = models.CharField(max_length=80, blank=True)  # what came of it, by reference

    class Meta:
        indexes = [models.Index(fields=["state", "area"], name="proposals_by_state")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("proposals:proposal", args=[self.pk])

    def thread(self) -> list[Subject]:
        """What it is about, and what carries it out."""
        return [*super().thread(), *([find(self.carried_by)] if self.carried_by else [])]


class Position(models.Model):
    """What one person holds of a proposal, with what it rests on. Nobody edits it."""

    class Stance(models.TextChoices):
        """Which way it points; `other` argues for a third way."""

        FOR = "for", "for it"
        AGAINST = "against", "against it"
        OTHER = "other", "another way"

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="positions")
    by = models.ForeignKey(Person, models.PROTECT, related_name="positions")
    level = models.PositiveSmallIntegerField()  # in the proposal's area, when it was taken
    stance = models.CharField(max_length=10, choices=Stance.choices)
    text = models.TextField()  # Markdown
    links = models.JSONField(default=list)  # references, such as "incidents.incident:42"
    charts = models.JSONField(default=list)  # PromQL
    at = models.DateTimeField(default=clock.now)
    cited = models.BooleanField(default=False)  # by the decision

    def __str__(self) -> str:
        return f"{self.by}: {self.text[:60]}"

    @property
    def rests_on_incidents(self) -> bool:
        """It links to at least one incident."""
        return any(link.startswith(INCIDENTS) for link in self.links)

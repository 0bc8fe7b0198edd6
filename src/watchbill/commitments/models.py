"""Commitments: who does what by when, agreed with another team or with somebody outside."""

from django.db import models
from django.urls import reverse

from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person, Team
from watchbill.people.subject import Subject
from watchbill.practice.about import AboutSubject

# What a commitment may be about, and the area that agreeing on it belongs to.
AREAS = {
    "incidents.incident": Area.INCIDENT_RESPONSE,
    "catalog.component": Area.MONITORING,
    "maintenance.change": Area.MAINTENANCE,
}


class Commitment(AboutSubject):
    """What one side offered and the other acknowledges: in an incident, on a component, a change.

    The other side is a team of the house, or somebody outside with a person here who speaks for
    them. What is written here are the terms that hold now; earlier ones stay in `EarlierTerms`.
    """

    class State(models.TextChoices):
        """Offered until the other side answers; closed as it turned out."""

        OFFERED = "offered"
        AGREED = "agreed"
        REFUSED = "refused"
        KEPT = "kept"
        NOT_KEPT = "not-kept", "not kept"

    class Comparison(models.TextChoices):
        """How the measured value stands to the threshold while the objective is met."""

        AT_MOST = "<=", "at most"
        AT_LEAST = ">=", "at least"

    CLOSED = (State.KEPT, State.NOT_KEPT)

    by = models.ForeignKey(Person, models.PROTECT, related_name="commitments")
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="commitments")
    stakeholder = models.CharField(max_length=100, blank=True)
    speaker = models.ForeignKey(Person, models.PROTECT, null=True, related_name="speaks_in")
    what = models.TextField()
    due = models.DateTimeField()
    query = models.TextField(blank=True)  # PromQL, of a shared objective or a dependency
    comparison = models.CharField(max_length=2, choices=Comparison.choices, blank=True)
    threshold = models.FloatField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OFFERED)
    at = models.DateTimeField(default=clock.now)
    answered_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=1000, blank=True)
    renegotiated = models.BooleanField(default=False)
    outcome = models.TextField(blank=True)  # what came of it, by whoever closed it
    closed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    confirmation = models.CharField(max_length=1000, blank=True)
    surprise = models.TextField(blank=True)
    review = models.CharField(max_length=80, blank=True)  # of the surprise, by reference

    class Meta:
        indexes = [models.Index(fields=["state", "due"], name="commitments_by_state")]

    def __str__(self) -> str:
        said = self.what if len(self.what) <= 100 else f"{self.what[:99]}…"
        return f"{said} (with {self.other_side})"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("commitments:commitment", args=[self.pk])

    @property
    def area(self) -> str:
        """From what it is about."""
        return AREAS[self.about.partition(":")[0]].value

    @property
    def tier(self) -> Tier:
        """That of what it is about."""
        return self.matter.tier

    @property
    def is_closed(self) -> bool:
        """It is known whether it was kept."""
        return self.state in self.CLOSED

    @property
    def other_side(self) -> str:
        """The other side's name."""
        return self.team.name if self.team else self.stakeholder

    @property
    def objective(self) -> str:
        """The query with its threshold, as one reads it."""
        if self.threshold is None:
            return self.query
        return f"{self.query} {self.comparison} {self.threshold:g}"

    def why_not_of_other_side(self, person: Person) -> str:
        """Why `person` does not speak for the other side; "" when they do."""
        if person.pk == self.by_id:
            return "You made it: the other side answers."
        if self.team is not None:
            if self.team.members.filter(pk=person.pk).exists():
                return ""
            return f"The members of {self.team.name} answer for the other side."
        if self.speaker_id == person.pk:
            return ""
        return f"{self.speaker} speaks for {self.stakeholder}."

    def thread(self) -> list[Subject]:
        """What it is about, whatever that belongs to, and the other team."""
        return [*super().thread(), *([self.team] if self.team else [])]


class EarlierTerms(models.Model):
    """What was offered before it was negotiated anew, with the answer it had. Never changed."""

    commitment = models.ForeignKey(Commitment, models.PROTECT, related_name="earlier")
    what = models.TextField()
    due = models.DateTimeField()
    answered_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    answer = models.CharField(max_length=1000, blank=True)
    state = models.CharField(max_length=10)
    replaced_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    replaced_at = models.DateTimeField(default=clock.now)
    why = models.CharField(max_length=1000)

    class Meta:
        verbose_name_plural = "earlier terms"

    def __str__(self) -> str:
        return self.what[:80]

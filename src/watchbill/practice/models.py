"""Reviews with what people put into them, and the improvements that come of them."""

from django.db import models
from django.urls import reverse

from watchbill.acts.facts import Seats, provides_seats
from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.people.subject import Subject, find
from watchbill.practice.about import AboutSubject


class Review(AboutSubject):
    """Looking back together at what happened: conditions, not culprits."""

    class Kind(models.TextChoices):
        """What is looked back on."""

        POST_INCIDENT = "post-incident", "post-incident review"

    class State(models.TextChoices):
        """Open to everybody, then published with its findings."""

        OPEN = "open"
        PUBLISHED = "published"

    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.POST_INCIDENT)
    title = models.CharField(max_length=200)
    area = models.CharField(max_length=40)
    lead = models.ForeignKey(Person, models.PROTECT, related_name="reviews_led")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    findings = models.TextField(blank=True)  # Markdown, written when it is published
    opened_at = models.DateTimeField(default=clock.now)
    published_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("practice:review", args=[self.pk])


class ReviewEntry(models.Model):
    """What one person put into a review. Nobody else edits it; the lead may answer."""

    class Kind(models.TextChoices):
        """What sort of contribution it is."""

        OBSERVATION = "observation"
        LESSON = "lesson"
        ANALYSIS = "analysis"

    review = models.ForeignKey(Review, models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    text = models.TextField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="review_entries")
    at = models.DateTimeField(default=clock.now)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.by}"


class Improvement(AboutSubject):
    """Owned, dated work with the effect expected beforehand and read again afterwards."""

    class State(models.TextChoices):
        """Declined ones stay: a proposal decided with a reason counts for whoever made it."""

        PROPOSED = "proposed"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        DONE = "done"

    title = models.CharField(max_length=200)
    area = models.CharField(max_length=40)
    proposed_by = models.ForeignKey(Person, models.PROTECT, related_name="improvements_proposed")
    owner = models.ForeignKey(Person, models.PROTECT, null=True, related_name="improvements")
    due = models.DateField(null=True)
    expected = models.TextField()  # the effect, in words
    measure = models.CharField(max_length=1000, blank=True)  # PromQL: one number
    before = models.FloatField(null=True)
    after = models.FloatField(null=True)
    measure_problem = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    decision = models.TextField(blank=True)
    decided_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    change = models.CharField(max_length=80, blank=True)  # what carries it out, by reference
    outcome = models.TextField(blank=True)
    proposed_at = models.DateTimeField(default=clock.now)
    decided_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "due"], name="practice_improvement_due")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("practice:improvement", args=[self.pk])

    def thread(self) -> list[Subject]:
        """Where it came from, and the change that carries it out."""
        return [*super().thread(), *([find(self.change)] if self.change else [])]


class Debrief(AboutSubject):
    """One line on how guided work went: from who learned, and from who guided."""

    class Role(models.TextChoices):
        """Whose line it is."""

        LEARNER = "learner"
        GUIDE = "guide"

    entry = models.PositiveBigIntegerField(null=True)  # the ledger row of a guided act
    role = models.CharField(max_length=10, choices=Role.choices)
    by = models.ForeignKey(Person, models.PROTECT, related_name="debriefs")
    line = models.CharField(max_length=500)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "role"], name="practice_one_line_each"),
            models.UniqueConstraint(
                fields=["about", "role"], condition=models.Q(entry=None),
                name="practice_one_line_each_of_it",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.line


@provides_seats("lead")
def review_seats(person: Person) -> Seats:
    """Whoever leads an open review leads it, and decides the improvements proposed in it."""
    leads = Review.objects.filter(lead=person, state=Review.State.OPEN)
    held = {review.ref: frozenset({"lead"}) for review in leads}
    proposed = Improvement.objects.filter(about__in=held, state=Improvement.State.PROPOSED)
    return {**held, **{work.ref: frozenset({"lead"}) for work in proposed}}

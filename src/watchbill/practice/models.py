"""Reviews with what people put into them, the improvements and designs that come of them,
and pairings of somebody who learns with somebody who guides."""

from django.db import models
from django.urls import reverse

from watchbill.acts.facts import Seats, provides_seats
from watchbill.acts.given import CannotBeDone
from watchbill.acts.shown import Show
from watchbill.acts.timeline import shown_since
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject, find
from watchbill.practice.about import AboutSubject


class Review(AboutSubject):
    """Looking back together at what happened: conditions, not culprits."""

    class Kind(models.TextChoices):
        """What is looked back on."""

        POST_INCIDENT = "post-incident", "post-incident review"
        RETROSPECTIVE = "retrospective", "watch retrospective"
        COVERAGE = "coverage", "coverage review"
        AREA = "area", "review of the area"
        MONITORING = "monitoring", "monitoring review"
        PLAN = "plan", "review of the maintenance plan"

    SIGNED = (Kind.AREA, Kind.MONITORING, Kind.PLAN)  # for the whole area, with decisions
    COUNTERSIGNED = (*SIGNED, Kind.COVERAGE)

    class State(models.TextChoices):
        """Open to everybody, then published with its findings."""

        OPEN = "open"
        PUBLISHED = "published"

    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.POST_INCIDENT)
    title = models.CharField(max_length=200)
    area = models.CharField(max_length=40)
    lead = models.ForeignKey(Person, models.PROTECT, related_name="reviews_led")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    agenda = models.TextField(blank=True)  # Markdown
    findings = models.TextField(blank=True)  # Markdown, written when it is published
    audience = models.CharField(max_length=200, blank=True)  # with whom the findings are shared
    no_gap = models.TextField(blank=True)  # why a coverage review found nothing missing
    opened_at = models.DateTimeField(default=clock.now)
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    countersigned_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    countersigned_at = models.DateTimeField(null=True)
    countersign_word = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("practice:review", args=[self.pk])

    @property
    def is_signed(self) -> bool:
        """Of a kind that is signed by whoever oversees the area, with decisions."""
        return self.kind in Review.SIGNED

    def contributed(self, person: Person) -> bool:
        """`person` put something into it, or proposed an improvement in it."""
        said = self.entries.filter(by=person).exists()
        return said or Improvement.objects.filter(about=self.ref, proposed_by=person).exists()


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


class Gap(Subject):
    """What a coverage review found not to be watched, with who sees to it and by when."""

    review = models.ForeignKey(Review, models.PROTECT, related_name="gaps")
    component = models.ForeignKey(Component, models.PROTECT, related_name="coverage_gaps")
    what = models.CharField(max_length=500)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    owner = models.ForeignKey(Person, models.PROTECT, null=True, related_name="coverage_gaps")
    due = models.DateField(null=True)
    closed_at = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True)
    area = Area.MONITORING

    def __str__(self) -> str:
        return self.what

    def get_absolute_url(self) -> str:
        """Its place on the review's page."""
        return f"{self.review.get_absolute_url()}#gap-{self.pk}"

    def thread(self) -> list[Subject]:
        """The review that found it, and the component."""
        return [self.review, self.component]


class Decision(models.Model):
    """What a review of an area decided: what is done or accepted, by whom, by when."""

    class Topic(models.TextChoices):
        """What it is about. Each kind of review has its own; see `practice/scope.py`."""

        SCHEME = "scheme", "severity scheme"
        PROCESS = "process", "process"
        WATCHES = "watches", "who is on watch"
        AIMS = "aims", "aims"
        COVERAGE = "coverage", "coverage"
        OBJECTIVES = "objectives", "objectives"
        RISK = "risk", "risk accepted"
        LIFECYCLE = "lifecycle", "lifecycle"
        SUPPORT = "support", "end of support"
        DEBT = "debt", "debt"
        WINDOWS = "windows", "windows"

    review = models.ForeignKey(Review, models.PROTECT, related_name="decisions")
    topic = models.CharField(max_length=12, choices=Topic.choices)
    text = models.TextField()
    owner = models.ForeignKey(Person, models.PROTECT, related_name="+")
    due = models.DateField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.text[:80]


class Improvement(AboutSubject):
    """Owned, dated work with the effect expected beforehand and read again afterwards."""

    class State(models.TextChoices):
        """Declined ones stay: a proposal decided with a reason counts for whoever made it."""

        PROPOSED = "proposed"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        DONE = "done"

    class Aim(models.TextChoices):
        """What work is for that was begun on somebody's own initiative."""

        PREVENTION = "prevention"  # of an incident that has not happened
        PERFORMANCE = "performance"
        STABILITY = "stability"
        SECURITY = "security"

    class Effect(models.TextChoices):
        """What somebody else found when they looked whether it helped."""

        AS_EXPECTED = "as-expected", "as expected"
        PARTLY = "partly"
        NONE = "none", "no effect"

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
    systemic = models.BooleanField(default=False)  # it alters what made the fault possible
    aim = models.CharField(max_length=12, choices=Aim.choices, blank=True)  # "": it was proposed
    trend = models.CharField(max_length=1000, blank=True)  # PromQL that showed it coming
    reread = models.FloatField(null=True)  # the measure on the due date
    reread_at = models.DateTimeField(null=True)
    effect = models.CharField(max_length=12, choices=Effect.choices, blank=True)
    effect_word = models.CharField(max_length=500, blank=True)
    confirmed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "due"], name="practice_improvement_due")]

    def __str__(self) -> str:
        return self.title

    @property
    def of_review(self) -> Review | None:
        """The review that it was proposed in, if it was."""
        matter = self.matter
        return matter if isinstance(matter, Review) else None

    @property
    def waits_for(self) -> str:
        """What has to be known before its effect can be confirmed; "" when all is."""
        if self.aim and self.before is None:
            return "its measure before the work"
        if self.measure and self.after is None:
            return "its measure after the work"
        return "its measure on the due date" if self.aim and self.reread is None else ""

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


class Design(Subject):
    """A decision on how a component is built that rests on what reviews found."""

    class State(models.TextChoices):
        """Decided, built by a change, and seen to hold."""

        DECIDED = "decided"
        BUILT = "built"
        VERIFIED = "verified"

    class How(models.TextChoices):
        """What showed that it holds."""

        DRILL = "drill", "a drill"
        NOT_AGAIN = "not-again", "it has not happened again"

    component = models.ForeignKey(Component, models.PROTECT, related_name="designs")
    reviews = models.ManyToManyField(Review, related_name="designs")
    title = models.CharField(max_length=200)
    decision = models.TextField()  # Markdown
    alternatives = models.TextField()  # Markdown: what else was considered, and why not
    by = models.ForeignKey(Person, models.PROTECT, related_name="designs")
    at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DECIDED)
    change = models.CharField(max_length=80, blank=True)  # what built it, by reference
    built_at = models.DateTimeField(null=True)  # when the change was verified
    how = models.CharField(max_length=10, choices=How.choices, blank=True)
    seen = models.TextField(blank=True)  # what the drill or the time since has shown
    verified_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    verified_at = models.DateTimeField(null=True)
    area = Area.INCIDENT_RESPONSE

    class Meta:
        indexes = [models.Index(fields=["state"], name="practice_design_state")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("practice:design", args=[self.pk])

    @property
    def tier(self) -> Tier:
        """A design outlives everybody's memory of it."""
        return Tier.CRITICAL

    def thread(self) -> list[Subject]:
        """The component, the reviews it rests on, and the change that built it."""
        built = [find(self.change)] if self.change else []
        return [self.component, *self.reviews.order_by("pk"), *built]


class Pairing(Subject):
    """Somebody guides somebody else for a while, on named duties of the ladder."""

    mentor = models.ForeignKey(Person, models.PROTECT, related_name="pairings_as_mentor")
    learner = models.ForeignKey(Person, models.PROTECT, related_name="pairings_as_learner")
    area = models.CharField(max_length=40)
    component = models.ForeignKey(Component, models.PROTECT, null=True, related_name="+")
    duties = models.JSONField(default=list)  # of the shipped ladder: ["MO-L1-2"]
    plan = models.TextField()  # Markdown
    until = models.DateField()
    started_at = models.DateTimeField(default=clock.now)
    adjusted_at = models.DateTimeField(null=True)
    adjusted_why = models.CharField(max_length=500, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["closed_at"], name="practice_pairing_closed")]

    def __str__(self) -> str:
        return f"{self.mentor} with {self.learner}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("practice:pairing", args=[self.pk])

    @property
    def tier(self) -> Tier:
        """That of the component on which they pair."""
        return self.component.tier if self.component else Tier.ROUTINE

    def thread(self) -> list[Subject]:
        """The component on which they pair."""
        return [self.component] if self.component else []

    def moved(self) -> bool:
        """The learner has shown one of the named duties since it began."""
        return shown_since(self.learner, self.duties, self.started_at)

    def debrief_pair(self) -> tuple[Person, Person]:
        """Who learns and who guides. Raises CannotBeDone before they met once."""
        if not self.sessions.exists():
            raise CannotBeDone(
                "Nothing to look back on yet.", hint="Note a session first: what did you do?"
            )
        return self.learner, self.mentor

    def debrief_shows(self, roles: frozenset[str]) -> list[Show]:
        """Both looked back: the pairing is closed, and shows mentoring if anything came of it."""
        if roles != {Debrief.Role.LEARNER, Debrief.Role.GUIDE}:
            return []
        self.closed_at = clock.now()
        self.save(update_fields=["closed_at"])
        if self.area != Area.MONITORING or not (self.adjusted_at or self.moved()):
            return []
        return [Show("MO-L3-5", self.mentor, on=self, witness=self.learner)]


class Session(models.Model):
    """One meeting of a pairing, noted by either."""

    pairing = models.ForeignKey(Pairing, models.PROTECT, related_name="sessions")
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    text = models.TextField()
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.text[:80]


@provides_seats("lead")
def review_seats(person: Person) -> Seats:
    """Whoever leads an open review leads it, and decides the improvements proposed in it."""
    leads = Review.objects.filter(lead=person, state=Review.State.OPEN)
    held = {review.ref: frozenset({"lead"}) for review in leads}
    proposed = Improvement.objects.filter(about__in=held, state=Improvement.State.PROPOSED)
    return {**held, **{work.ref: frozenset({"lead"}) for work in proposed}}

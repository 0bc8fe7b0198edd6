"""What is: escalation policies, escalations under way, pages to people, and the outbox."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from watchbill.alerts.models import Alert, Change
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import ContactMethod, Person, Team
from watchbill.people.subject import Subject

CHANNELS = tuple(ContactMethod.Kind.values)


class EscalationPolicy(Subject):
    """Whom an alert calls, in which order. One policy is for everything that has none of its own.

    Its steps are kept in editions: what is under way goes on by the edition that it began with.
    """

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    edition = models.PositiveIntegerField(default=0)
    rounds = models.PositiveSmallIntegerField(default=1)  # how often all steps are gone through
    for_rest = models.BooleanField(default=False)

    area = Area.INCIDENT_RESPONSE

    class Meta:
        verbose_name = "escalation policy"
        constraints = [
            models.UniqueConstraint(
                fields=["for_rest"], condition=Q(for_rest=True), name="paging_one_policy_for_rest"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tier(self) -> Tier:
        """The highest of what it covers."""
        covered = Component.objects.filter(coverage__policy=self)
        return max((component.tier for component in covered), default=Tier.ROUTINE)

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("paging:policy", args=[self.slug])

    def steps_of(self, edition: int) -> "list[Step]":
        """The steps of one edition, in order."""
        steps = self.steps.filter(edition=edition).prefetch_related("people", "teams__members")
        return list(steps.order_by("position"))


class Step(models.Model):
    """One step of a policy: whom to call, by which channels, how long to wait for an answer."""

    policy = models.ForeignKey(EscalationPolicy, models.PROTECT, related_name="steps")
    edition = models.PositiveIntegerField()
    position = models.PositiveSmallIntegerField()  # from 0
    people = models.ManyToManyField(Person, related_name="+")
    teams = models.ManyToManyField(Team, related_name="+")
    channels = models.JSONField(default=list)  # kinds of contact methods; empty: all of them
    wait = models.PositiveIntegerField()  # seconds until the next step

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "edition", "position"], name="paging_one_step_a_position"
            )
        ]

    def __str__(self) -> str:
        return f"{self.policy}: step {self.position + 1}"

    def called(self) -> list[Person]:
        """The people of this step now, each once: those named, then their teams' members."""
        everybody = [*self.people.all(), *(p for t in self.teams.all() for p in t.members.all())]
        alive = {p.pk: p for p in everybody if p.is_active and not p.automation}
        return list(alive.values())


class Coverage(models.Model):
    """Which policy a component's alerts go to."""

    component = models.OneToOneField(Component, models.PROTECT, related_name="coverage")
    policy = models.ForeignKey(EscalationPolicy, models.PROTECT, related_name="coverage")

    def __str__(self) -> str:
        return f"{self.component}: {self.policy}"


class Escalation(models.Model):
    """An alert that calls people step by step until somebody answers or it ends.

    `due_at` is when the next step is taken; the worker claims rows by it. None: nothing is to do.
    """

    class State(models.TextChoices):
        """Why it stands still, if it does."""

        CALLING = "calling"
        ACKNOWLEDGED = "acknowledged"
        ENDED = "ended"
        UNANSWERED = "unanswered"  # every step was taken, and nobody answered

    alert = models.ForeignKey(Alert, models.PROTECT, related_name="escalations")
    change = models.OneToOneField(Change, models.PROTECT, related_name="escalation")
    policy = models.ForeignKey(EscalationPolicy, models.PROTECT, related_name="escalations")
    edition = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.CALLING)
    taken = models.PositiveSmallIntegerField(default=0)  # steps taken so far, over all rounds
    due_at = models.DateTimeField(null=True)
    began_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alert"],
                condition=Q(state__in=["calling", "acknowledged", "unanswered"]),
                name="paging_one_escalation_an_alert",
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="paging_escalation_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.alert} by {self.policy}"


class Page(Subject):
    """A person is asked to answer an alert now."""

    class State(models.TextChoices):
        """From sent to how it ended."""

        SENT = "sent"
        ACKNOWLEDGED = "acknowledged"
        HANDED_ON = "handed on"
        ESCALATED = "escalated"  # no answer in time: the next step was called too
        ENDED = "ended"  # the alert ended, or somebody else answered

    escalation = models.ForeignKey(Escalation, models.PROTECT, related_name="pages")
    person = models.ForeignKey(Person, models.PROTECT, related_name="pages")
    taken = models.PositiveSmallIntegerField()  # of the escalation when it was sent
    channels = models.JSONField(default=list)
    state = models.CharField(max_length=12, choices=State.choices, default=State.SENT)
    sent_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField()  # until when an answer is waited for
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    handed_from = models.ForeignKey("self", models.PROTECT, null=True, related_name="handed_to")
    note = models.CharField(max_length=300, blank=True)  # what whoever handed it on said

    area = Area.INCIDENT_RESPONSE

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["escalation", "taken", "person"],
                condition=Q(handed_from=None),
                name="paging_one_page_a_step",
            )
        ]
        indexes = [models.Index(fields=["person", "state"], name="paging_page_of")]

    def __str__(self) -> str:
        return f"page of {self.person} about {self.escalation.alert}"

    def get_absolute_url(self) -> str:
        """The page that messages link to."""
        return reverse("paging:page", args=[self.pk])

    @property
    def alert(self) -> Alert:
        """What it is about."""
        return self.escalation.alert

    @property
    def tier(self) -> Tier:
        """That of the alert."""
        return self.alert.tier

    @property
    def open(self) -> bool:
        """It still asks for an answer."""
        return self.state in (Page.State.SENT, Page.State.ESCALATED)

    def thread(self) -> list[Subject]:
        """Shown in the alert's timeline, and in its component's."""
        return [self.alert, *self.alert.thread()]


class Delivery(models.Model):
    """One message to one address: a row of the outbox, at least once.

    `begun_at` is set while an attempt may have reached the receiver without us knowing; an attempt
    that finds it set says that it may be a repeat.
    """

    class Kind(models.TextChoices):
        """What the message says."""

        PAGE = "page"
        ENDED = "ended"

    class Outcome(models.TextChoices):
        """How it ended."""

        SENT = "sent"
        FAILED = "failed"  # given up
        DROPPED = "dropped"  # not needed any more before it was sent

    page = models.ForeignKey(Page, models.PROTECT, related_name="deliveries")
    kind = models.CharField(max_length=5, choices=Kind.choices, default=Kind.PAGE)
    channel = models.CharField(max_length=20)
    # None: the email address of the person's account, for somebody without contact methods.
    method = models.ForeignKey(ContactMethod, models.PROTECT, null=True, related_name="+")
    key = models.CharField(max_length=40, unique=True)  # the same over all attempts; see `outbox`
    due_at = models.DateTimeField(default=clock.now)
    lease_until = models.DateTimeField(null=True)
    worker = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    begun_at = models.DateTimeField(null=True)
    repeat = models.BooleanField(default=False)
    done_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=7, choices=Outcome.choices, blank=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["channel", "due_at"],
                name="paging_delivery_due",
                condition=Q(done_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel} to {self.page.person}"

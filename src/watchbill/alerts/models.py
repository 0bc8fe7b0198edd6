"""What is: rules as read from files, alerts with each of their changes, and silences."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.functional import cached_property

from watchbill.alerts.matchers import Matcher, from_json, match_all
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person, Token
from watchbill.people.subject import Subject

# The labels that name a component, in the order they are looked at.
COMPONENT_LABELS = ("component", "service", "job")
STAYS_CLOSED = timedelta(days=7)


# What of a rule a version may change. Name and labels are what its alerts are known by.
WRITTEN = ("expr", "hold", "keep_firing", "annotations")


class RuleFile(models.Model):
    """A file of the rules folder: what of it is in force, and why a newer version is not."""

    class Origin(models.TextChoices):
        """Where its rules are written: in a file of the folder, or in Watchbill itself."""

        FOLDER = "folder"
        WATCHBILL = "watchbill"

    path = models.CharField(max_length=300, unique=True)  # below the rules folder
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.FOLDER)
    digest = models.CharField(max_length=64, blank=True)  # of the version in force
    seen = models.CharField(max_length=64, blank=True)  # of the version looked at last
    loaded_at = models.DateTimeField(null=True)
    present = models.BooleanField(default=True)
    line = models.PositiveIntegerField(null=True)  # where the refused version is wrong
    wrong = models.CharField(max_length=500, blank=True)
    hint = models.CharField(max_length=500, blank=True)
    notice = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return self.path


class RuleGroup(models.Model):
    """Rules that are evaluated together at the same moments."""

    file = models.ForeignKey(RuleFile, models.PROTECT, related_name="groups")
    name = models.CharField(max_length=200)
    interval = models.FloatField()  # seconds
    limit = models.PositiveIntegerField(default=0)  # alerts a rule may have; 0: no limit
    in_force = models.BooleanField(default=True)
    next_at = models.DateTimeField()
    evaluated_at = models.DateTimeField(null=True)  # the moment evaluated last
    took = models.FloatField(default=0)  # seconds

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file", "name"], name="alerts_one_group_a_name")
        ]
        indexes = [
            models.Index(
                fields=["next_at"], name="alerts_group_due", condition=models.Q(in_force=True)
            )
        ]

    def __str__(self) -> str:
        return self.name


class Rule(Subject):
    """One alerting rule. Rules that left their file stay, out of force, for their alerts' sake."""

    class Health(models.TextChoices):
        """How the last evaluation went; unknown when telemetry could not be asked."""

        NEW = "new"
        OK = "ok"
        ERROR = "error"
        UNKNOWN = "unknown"

    group = models.ForeignKey(RuleGroup, models.PROTECT, related_name="rules")
    key = models.CharField(max_length=64)  # name and labels, digested: survives a new expression
    position = models.PositiveIntegerField()
    line = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    expr = models.TextField()
    hold = models.FloatField(default=0)  # `for`, seconds
    keep_firing = models.FloatField(default=0)  # `keep_firing_for`, seconds
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    in_force = models.BooleanField(default=True)
    health = models.CharField(max_length=10, choices=Health.choices, default=Health.NEW)
    health_since = models.DateTimeField(default=clock.now)
    error = models.CharField(max_length=500, blank=True)
    # A version written in Watchbill that is in force here, and what the file says instead of it.
    of = models.ForeignKey("RuleVersion", models.PROTECT, null=True, related_name="+")
    filed = models.JSONField(default=dict)

    area = Area.MONITORING

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "key"], name="alerts_one_rule_a_key")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("alerts:rule", args=[self.pk])

    @property
    def written(self) -> dict[str, Any]:
        """What it says, as far as a version may change it."""
        return {name: getattr(self, name) for name in WRITTEN}


class RuleVersion(Subject):
    """A rule written in Watchbill: a new one, or another wording of one that is there.

    It is tried on stored history before it may be put in force; old versions stay.
    """

    rule = models.ForeignKey(Rule, models.PROTECT, null=True, related_name="versions")
    new = models.BooleanField(default=False)  # it makes a rule of its own, and replaces none
    number = models.PositiveIntegerField(default=1)  # among those of its rule
    name = models.CharField(max_length=200)
    expr = models.TextField()
    hold = models.FloatField(default=0)
    keep_firing = models.FloatField(default=0)
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    interval = models.FloatField()  # seconds
    why = models.CharField(max_length=1000)
    component = models.ForeignKey(Component, models.PROTECT, null=True, related_name="+")
    stakes = models.PositiveSmallIntegerField(default=Tier.ROUTINE)  # the highest it covers
    by = models.ForeignKey(Person, models.PROTECT, related_name="rule_versions")
    at = models.DateTimeField(default=clock.now)
    previous = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    put_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    put_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)  # replaced by another version, or taken back
    confirmed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)

    area = Area.MONITORING

    class Meta:
        indexes = [
            models.Index(
                fields=["at"], name="alerts_rule_drafts", condition=models.Q(put_at=None)
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.name}, version {self.number}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("alerts:rule-version", args=[self.pk])

    @property
    def tier(self) -> Tier:
        """The highest of the components that it covers."""
        return Tier(self.stakes)

    def thread(self) -> list[Subject]:
        """Shown in the timelines of its rule and of its component."""
        found: list[Subject] = [self.rule] if self.rule else []
        return [*found, *([self.component] if self.component else [])]

    @property
    def written(self) -> dict[str, Any]:
        """What it says, as far as a version may change a rule."""
        return {name: getattr(self, name) for name in WRITTEN}

    @property
    def in_force(self) -> bool:
        """It is what its rule says now."""
        return self.rule is not None and self.rule.of_id == self.pk and self.rule.in_force


class RuleTrial(models.Model):
    """A version evaluated over stored history beside what is in force, slice by slice.

    `trial.py` goes on where `at` says. `held` is when each condition held so far, for "old" and
    "new"; `result` is what came of it, with a chart of both.
    """

    class State(models.TextChoices):
        """Failed trials say why."""

        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="trials")
    days = models.PositiveSmallIntegerField()
    start = models.DateTimeField()
    end = models.DateTimeField()
    step = models.FloatField()  # seconds
    at = models.DateTimeField()  # how far it is
    before = models.JSONField(default=dict)  # what the rule said; empty for a new one
    held = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    problem = models.CharField(max_length=500, blank=True)
    next_at = models.DateTimeField(null=True)  # null: over
    tries = models.PositiveSmallIntegerField(default=0)  # in vain, of the same slice
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_at"], name="alerts_trial_due",
                condition=models.Q(next_at__isnull=False),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"trial of {self.version} over {self.days} days"

    @property
    def share(self) -> int:
        """How much of it is done, in percent."""
        return round(100 * ((self.at - self.start) / (self.end - self.start)))


class Alert(Subject):
    """A condition that held or holds: one row per source and set of labels, used again each time.

    `starts_at` is when it began to fire; a row without one was only ever pending. `ends_at` of a
    firing alert is when it counts as over unless its source sends it again; None means never.
    """

    class State(models.TextChoices):
        """Pending alerts wait out their rule's `for`; only firing ones page."""

        PENDING = "pending"
        FIRING = "firing"
        RESOLVED = "resolved"

    class Cause(models.TextChoices):
        """What it turned out to be: the class an alert is closed with."""

        FAULT = "fault", "A fault in our own system"
        LOAD = "load", "More load than it can carry"
        CHANGE = "change", "A change that we made"
        DEPENDENCY = "dependency", "Something we depend on"
        EXPECTED = "expected", "Expected: planned work"
        NOISE = "noise", "Noise: nothing was wrong, the rule should change"
        UNKNOWN = "unknown", "Not found out"

    fingerprint = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=200)
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    severity = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=10, choices=State.choices)
    active_at = models.DateTimeField(null=True)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    kept_since = models.DateTimeField(null=True)  # since when only `keep_firing_for` holds it up
    received_at = models.DateTimeField(default=clock.now)
    value = models.FloatField(null=True)
    generator_url = models.CharField(max_length=2000, blank=True)
    token = models.ForeignKey(Token, models.PROTECT, null=True, related_name="alerts")
    rule = models.ForeignKey(Rule, models.PROTECT, null=True, related_name="alerts")
    component = models.ForeignKey(Component, models.PROTECT, null=True, related_name="alerts")
    taken_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="alerts_taken")
    taken_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="alerts_closed")
    closed_at = models.DateTimeField(null=True)
    cause = models.CharField(max_length=12, choices=Cause.choices, blank=True)

    area = Area.MONITORING

    class Meta:
        indexes = [
            models.Index(
                fields=["ends_at"], name="alerts_expires", condition=models.Q(state="firing")
            ),
            models.Index(fields=["state", "-starts_at"], name="alerts_by_state"),
        ]

    def __str__(self) -> str:
        where = self.labels.get("instance") or self.labels.get("component", "")
        return f"{self.name} on {where}" if where else self.name

    @property
    def tier(self) -> Tier:
        """That of its component; routine when no component is known."""
        return self.component.tier if self.component else Tier.ROUTINE

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("alerts:alert", args=[self.pk])

    @property
    def summary(self) -> str:
        """One sentence for people, from the annotations."""
        given = self.annotations
        return str(given.get("summary") or given.get("description") or given.get("message") or "")

    @property
    def headline(self) -> str:
        """The summary as a sentence that names its component: "Checkout: 3 % of requests fail"."""
        said = self.summary or self.name
        if self.component and self.component.name.lower() not in said.lower():
            return f"{self.component.name}: {said}"
        return said[:1].upper() + said[1:]

    @property
    def source(self) -> str:
        """Who says so."""
        if self.rule is not None:
            return f"rule {self.rule.name}"
        return str(self.token) if self.token else "Watchbill"

    def thread(self) -> list[Subject]:
        """Shown in its component's timeline too."""
        return [self.component] if self.component else []


class Closing(Subject):
    """Somebody closed an alert. The alert's own row forgets it when it fires anew; this stays."""

    alert = models.ForeignKey(Alert, models.PROTECT, related_name="closings")
    by = models.ForeignKey(Person, models.PROTECT, related_name="closings")
    at = models.DateTimeField(default=clock.now)
    cause = models.CharField(max_length=12, choices=Alert.Cause.choices)
    own = models.BooleanField(default=False)  # they had taken it
    alone = models.BooleanField(default=False)  # without a go-ahead
    confirmed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)

    area = Area.MONITORING

    class Meta:
        indexes = [
            models.Index(
                fields=["at"], name="alerts_closing_to_confirm",
                condition=models.Q(confirmed_at=None, own=True, alone=True),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.alert)

    def get_absolute_url(self) -> str:
        """The page of its alert."""
        return self.alert.get_absolute_url()

    def thread(self) -> list[Subject]:
        """Shown in its alert's timeline and in the component's."""
        return [self.alert, *self.alert.thread()]

    def why_not_confirmed_by(self, person: Person, now: datetime) -> str:
        """Why `person` cannot confirm now that it stayed closed; empty when they can."""
        if person.pk == self.by_id:
            return "Nobody confirms what they closed themselves."
        if person.level(self.area) < 2:
            return "It is confirmed by somebody who stands at L2 or above in monitoring."
        if self.confirmed_at is not None:
            return "It is confirmed already."
        if not self.own:
            return f"{self.by} closed it without having taken it."
        if not self.alone:
            return f"{self.by} closed it with a go-ahead."
        if now - self.at < STAYS_CLOSED:
            return "It is confirmed seven days after it was closed, not earlier."
        again = self.alert.changes.filter(
            after=Alert.State.FIRING, at__gt=self.at, at__lte=self.at + STAYS_CLOSED
        )
        if again.exists():
            return "It fired again within seven days."
        if self.alert.state == Alert.State.FIRING and self.alert.closed_at == self.at:
            return "It still fires: closing it has not ended it."
        return ""


class Change(models.Model):
    """An alert went from one state to another. Paging claims the rows and marks them processed."""

    alert = models.ForeignKey(Alert, models.PROTECT, related_name="changes")
    before = models.CharField(max_length=10, blank=True)
    after = models.CharField(max_length=10)
    at = models.DateTimeField(default=clock.now)
    processed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"],
                name="alerts_change_waiting",
                condition=models.Q(processed_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.alert_id}: {self.before or 'new'} to {self.after}"


class Silence(Subject):
    """Alerts that match stay visible but page nobody, from one moment until another."""

    matchers = models.JSONField()  # as the Alertmanager API writes them
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, models.PROTECT, related_name="silences")
    comment = models.CharField(max_length=1000)
    made_at = models.DateTimeField(default=clock.now)

    area = Area.MONITORING

    def __str__(self) -> str:
        return ", ".join(map(str, self.conditions))

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("alerts:silence", args=[self.pk])

    @cached_property
    def conditions(self) -> list[Matcher]:
        """The matchers, ready to use."""
        return from_json(self.matchers)

    @property
    def tier(self) -> Tier:
        """The highest of what it keeps quiet."""
        return highest_tier(self.conditions)

    def state(self, now: datetime) -> str:
        """As Alertmanager says: pending, active or expired."""
        if now < self.starts_at:
            return "pending"
        return "active" if now < self.ends_at else "expired"


def covered(conditions: list[Matcher]) -> list[Alert]:
    """The firing alerts that meet all conditions."""
    firing = Alert.objects.filter(state=Alert.State.FIRING).select_related("component")
    return [alert for alert in firing.order_by("id") if match_all(conditions, alert.labels)]


def highest_tier(conditions: list[Matcher]) -> Tier:
    """The highest tier of the components whose alerts meet all conditions, now or at any time.

    What does not fire at this moment counts too: a silence made ahead would call nobody for it.
    """
    known = Alert.objects.filter(component__stakes__gt=Tier.ROUTINE)
    found = known.order_by("-component__stakes").values_list("component__stakes", "labels")
    met = (Tier(stakes) for stakes, labels in found.iterator() if match_all(conditions, labels))
    return next(met, Tier.ROUTINE)


def silences_at(now: datetime) -> list[Silence]:
    """The silences in force at a moment."""
    return list(Silence.objects.filter(starts_at__lte=now, ends_at__gt=now).order_by("id"))


def silenced_by(alert: Alert, silences: list[Silence]) -> list[Silence]:
    """Those of `silences` that keep `alert` quiet."""
    return [silence for silence in silences if match_all(silence.conditions, alert.labels)]

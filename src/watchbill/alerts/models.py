"""What is: rules as read from files, alerts with each of their changes, and silences."""

from datetime import datetime

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


class RuleFile(models.Model):
    """A file of the rules folder: what of it is in force, and why a newer version is not."""

    path = models.CharField(max_length=300, unique=True)  # below the rules folder
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

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "key"], name="alerts_one_rule_a_key")
        ]

    def __str__(self) -> str:
        return self.name


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

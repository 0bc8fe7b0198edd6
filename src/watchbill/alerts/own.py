"""Alerts about the alerting itself: rules that cannot be evaluated page like anything else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from watchbill.alerts.changes import fingerprint, hand_on
from watchbill.alerts.evaluate import begin
from watchbill.alerts.models import Alert, Rule

AFTER = timedelta(minutes=1)
SOURCE = "watchbill"


@dataclass(frozen=True)
class Trouble:
    """An alert of Watchbill's own that should fire now."""

    name: str
    severity: str
    summary: str
    about: str = ""

    @property
    def labels(self) -> dict[str, str]:
        """Its labels, which are its identity."""
        labels = {"alertname": self.name, "severity": self.severity, "source": SOURCE}
        return {**labels, "rule": self.about} if self.about else labels


def watch_rules(now: datetime) -> int:
    """Raise and end Watchbill's own alerts; how many changed."""
    wanted = {fingerprint(SOURCE, one.labels): one for one in troubles(now)}
    own = Alert.objects.filter(rule=None, token=None)
    firing = set(own.filter(state=Alert.State.FIRING).values_list("fingerprint", flat=True))
    if firing == wanted.keys():
        return 0
    with transaction.atomic():
        locked = own.select_for_update().filter(fingerprint__in=firing | wanted.keys())
        alerts = {alert.fingerprint: alert for alert in locked}
        moved = []
        for key in sorted(firing | wanted.keys()):
            alert = alerts.get(key) or Alert(fingerprint=key, state="")
            before = alert.state
            if key in wanted and before != Alert.State.FIRING:
                begin(alert, wanted[key].labels, now)
                alert.state, alert.starts_at = Alert.State.FIRING, now
                alert.annotations = {"summary": wanted[key].summary}
            elif key not in wanted and before == Alert.State.FIRING:
                alert.state, alert.ends_at = Alert.State.RESOLVED, now
            else:
                continue
            alert.save()
            moved.append((alert.pk, before, alert.state))
        hand_on(moved)
    return len(moved)


def troubles(now: datetime) -> Iterator[Trouble]:
    """What is wrong with the rules for longer than a minute."""
    long = Rule.objects.filter(in_force=True, health_since__lte=now - AFTER).order_by("id")
    away = list(long.filter(health=Rule.Health.UNKNOWN))
    if away:
        yield Trouble(
            "TelemetryAway",
            "critical",
            f"{len(away)} rules are not evaluated: {away[0].error}",
        )
    for rule in long.filter(health=Rule.Health.ERROR).select_related("group"):
        yield Trouble(
            "RuleFailing",
            "warning",
            f"The rule {rule.name} cannot be evaluated: {rule.error}",
            about=f"{rule.group.name}/{rule.name}",
        )

"""Puts versions written in Watchbill in force, and takes them back. Rows only: acts call it.

A version of a rule that is there changes that rule's row, so that its alerts live on; what its
file says is kept beside it. A new rule gets a group of its own, of no file on disk.
"""

from datetime import datetime

from watchbill.alerts.load import end, first_slot, same
from watchbill.alerts.models import Rule, RuleFile, RuleGroup, RuleVersion
from watchbill.alerts.rulefile import RuleText
from watchbill.web.live import publish

PATH = "in Watchbill"  # no file: those end in .yml or .yaml


def put(version: RuleVersion, now: datetime) -> None:
    """Make the version what is evaluated; the one before it ends. Saves all but the version."""
    rule = version.rule
    if rule is None:
        version.rule = _new_rule(version, now)
    else:
        version.previous = rule.of
        if rule.of is None:
            rule.filed = rule.written
        else:
            RuleVersion.objects.filter(pk=rule.of.pk).update(ended_at=now)
        rule.of = version
        _say(rule, version.written)
    publish("rules")


def take_back(version: RuleVersion, now: datetime) -> None:
    """Make what was before the version what is evaluated again."""
    rule, previous = version.rule, version.previous
    assert rule is not None
    if previous is not None:
        RuleVersion.objects.filter(pk=previous.pk).update(ended_at=None)
        rule.of = previous
        _say(rule, previous.written)
    elif version.new:
        end([rule], now)
        RuleGroup.objects.filter(pk=rule.group_id).update(in_force=False)
    else:
        rule.of = None
        _say(rule, rule.filed)
    version.ended_at = now
    version.save(update_fields=["ended_at"])
    publish("rules")


def _say(rule: Rule, says: dict[str, object]) -> None:
    for name, value in says.items():
        setattr(rule, name, value)
    rule.health, rule.error = Rule.Health.NEW, ""
    rule.save()


def _new_rule(version: RuleVersion, now: datetime) -> Rule:
    file, _ = RuleFile.objects.get_or_create(
        path=PATH, origin=RuleFile.Origin.WATCHBILL, defaults={"loaded_at": now}
    )
    name = f"{version.name[:180]}, {version.pk}"
    group = RuleGroup.objects.create(
        file=file, name=name, interval=version.interval,
        next_at=first_slot(f"{PATH};{name}", version.interval, now),
    )  # fmt: skip
    text = RuleText(line=1, name=version.name, expr=version.expr, labels=version.labels)
    return Rule.objects.create(
        group=group, key=f"{same(text)}-1", position=0, line=1, name=version.name,
        labels=version.labels, of=version, **version.written,
    )  # fmt: skip

"""Keeps the rules in force as their files say. A wrong file is refused; its old version stays."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from watchbill.alerts import rulefile
from watchbill.alerts.changes import hand_on
from watchbill.alerts.models import Alert, Rule, RuleFile, RuleGroup
from watchbill.alerts.rulefile import GroupText, RuleText, WrongFile
from watchbill.prometheus import BadQuery, QueryFunc, QueryRefused, TelemetryAway
from watchbill.web.live import publish


def read_folder(now: datetime, ask: QueryFunc, folder: Path | None = None) -> int:
    """Take over every rule file that changed since it was looked at; how many did.

    A folder that is gone altogether changes nothing: that is a fault, not somebody's decision.
    """
    folder = folder or settings.RULES
    known = {row.path: row for row in RuleFile.objects.filter(origin=RuleFile.Origin.FOLDER)}
    if not folder.is_dir():
        return 0
    changed = 0
    found = sorted({*folder.rglob("*.yml"), *folder.rglob("*.yaml")})
    for file in found:
        path = str(file.relative_to(folder))
        row = known.pop(path, None) or RuleFile(path=path)
        changed += _look_at(row, file, now, ask)
    for row in known.values():
        if row.present:
            _drop(row, now)
            changed += 1
    return changed


def first_slot(name: str, interval: float, after: datetime) -> datetime:
    """The first moment after `after` at which a group is evaluated.

    Moments are whole multiples of the interval, moved by a part of it that depends on the name:
    the same after every restart, and different groups spread out.
    """
    share = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big") / 2**32
    shift = round(share * interval * 1000) / 1000
    turns = (after.timestamp() - shift) // interval + 1
    return datetime.fromtimestamp(turns * interval + shift, UTC)


def _look_at(row: RuleFile, file: Path, now: datetime, ask: QueryFunc) -> int:
    try:
        raw = file.read_bytes()
        digest = hashlib.sha256(raw).hexdigest()
        if row.present and digest == row.seen:
            return 0
        groups = rulefile.parse(raw.decode())
        _check_expressions(groups, now, ask)
    except OSError as error:
        wrong = WrongFile(1, f"the file cannot be read: {error.strerror}", "Check its permissions.")
        digest = f"unreadable: {error.errno}"
        if digest == row.seen:
            return 0
    except UnicodeDecodeError:
        wrong = WrongFile(1, "the file is not UTF-8", "Save it as UTF-8.")
    except WrongFile as error:
        wrong = error
    else:
        _take_over(row, groups, digest, now)
        return 1
    row.line, row.wrong, row.hint = wrong.line, wrong.what[:500], wrong.hint[:500]
    row.seen, row.present = digest, True
    with transaction.atomic():
        row.save()
        publish("rules")
    return 1


def _check_expressions(groups: Iterable[GroupText], now: datetime, ask: QueryFunc) -> None:
    """Refuse what telemetry cannot read as PromQL. When it is away, evaluation will tell."""
    for rule in (rule for group in groups for rule in group.rules):
        try:
            ask(rule.expr, now)
        except TelemetryAway:
            return
        except BadQuery as error:
            what = f"alert {rule.name}: {error}"
            raise WrongFile(rule.line, what, "Try it in Explore.") from None
        except QueryRefused:
            continue  # it can be read, and may be answered another time


def _take_over(row: RuleFile, groups: list[GroupText], digest: str, now: datetime) -> None:
    skipped = [name for group in groups for name in group.skipped]
    row.digest = row.seen = digest
    row.loaded_at, row.present = now, True
    row.line, row.wrong, row.hint = None, "", ""
    row.notice = (
        f"{len(skipped)} recording rules are not evaluated here: {', '.join(skipped)}"[:500]
        if skipped
        else ""
    )
    with transaction.atomic():
        row.save()
        kept = [_put_group(row, group, now) for group in groups]
        gone = row.groups.filter(in_force=True).exclude(pk__in=kept)
        end(Rule.objects.filter(group__in=gone, in_force=True), now)
        gone.update(in_force=False)
        publish("rules")


def _put_group(row: RuleFile, text: GroupText, now: datetime) -> int:
    slot = first_slot(f"{row.path};{text.name}", text.interval, now)
    group, made = RuleGroup.objects.get_or_create(
        file=row,
        name=text.name,
        defaults={"interval": text.interval, "limit": text.limit, "next_at": slot},
    )
    if not made:
        if group.interval != text.interval or not group.in_force:
            group.next_at = slot
        group.interval, group.limit, group.in_force = text.interval, text.limit, True
        group.save()
    names: Counter[str] = Counter()
    kept = []
    for position, rule in enumerate(text.rules):
        known = same(rule)
        names[known] += 1
        key = f"{known}-{names[known]}"
        kept.append(_put_rule(group, key, position, rule))
    end(group.rules.filter(in_force=True).exclude(pk__in=kept), now)
    return group.pk


def _put_rule(group: RuleGroup, key: str, position: int, text: RuleText) -> int:
    """Take a rule over. Where a version written in Watchbill is in force, that one stays."""
    known = group.rules.filter(key=key).first()
    says = {
        "expr": text.expr, "hold": text.hold, "keep_firing": text.keep_firing,
        "annotations": dict(text.annotations),
    }  # fmt: skip
    put, _ = Rule.objects.update_or_create(
        group=group,
        key=key,
        defaults={
            "position": position,
            "line": text.line,
            "name": text.name,
            "labels": dict(text.labels),
            "in_force": True,
            **({"filed": says} if known and known.of_id else says),
        },
    )
    return put.pk


def same(rule: RuleText) -> str:
    """What a rule is known by, so that its alerts live on when its expression changes."""
    digest = hashlib.blake2b(rule.name.encode(), digest_size=16)
    for name in sorted(rule.labels):
        digest.update(f"\xff{name}\xff{rule.labels[name]}".encode())
    return digest.hexdigest()


def _drop(row: RuleFile, now: datetime) -> None:
    """The file was removed: its rules leave force, their alerts end."""
    row.present, row.seen, row.digest, row.wrong = False, "", "", ""
    with transaction.atomic():
        row.save()
        end(Rule.objects.filter(group__file=row, in_force=True), now)
        row.groups.update(in_force=False)
        publish("rules")


def end(rules: "Iterable[Rule]", now: datetime) -> None:
    """Take rules out of force; their alerts end."""
    rules = list(rules)
    active = Alert.objects.filter(rule__in=rules).exclude(state=Alert.State.RESOLVED)
    hand_on([(alert.pk, alert.state, Alert.State.RESOLVED.value) for alert in active])
    active.update(state=Alert.State.RESOLVED, ends_at=now)
    Rule.objects.filter(pk__in=[rule.pk for rule in rules]).update(in_force=False)

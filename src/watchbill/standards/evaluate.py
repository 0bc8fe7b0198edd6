"""Runs the checks of every version in force and of every draft, over all components."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from watchbill import prometheus
from watchbill.catalog.models import Component
from watchbill.prometheus import NoAnswer, QueryFunc, TelemetryAway
from watchbill.standards.checks import CHECKS, Asking, Verdict
from watchbill.standards.models import REREAD_AFTER, Check, Result, StandardVersion
from watchbill.web.live import publish

State = StandardVersion.State
EVERY = timedelta(minutes=5)
AT_ONCE = 5  # versions of one tick
LIVE = (State.DRAFT, State.IN_FORCE)


def tick(now: datetime, query: QueryFunc = prometheus.query) -> int:
    """Evaluate the versions that are due; how many. Telemetry is asked before rows are locked."""
    due = StandardVersion.objects.filter(
        Q(checked_at=None) | Q(checked_at__lte=now - EVERY), state__in=LIVE
    )
    found = list(due.order_by("checked_at", "pk")[:AT_ONCE])
    components = list(Component.objects.select_related("owner").order_by("pk")) if found else []
    for version in found:
        _evaluate(version, components, now, query)
    return len(found)


def _evaluate(
    version: StandardVersion, components: Sequence[Component], now: datetime, query: QueryFunc
) -> None:
    told: list[tuple[Check, Mapping[int, Verdict], str]] = []
    for one in version.checks.filter(dropped=False).order_by("pk"):
        kind = CHECKS.get(one.name)
        if kind is None:
            told.append((one, {}, "is no check any more"))
            continue
        asked = [part for part in components if part.stakes >= one.from_tier]
        try:
            told.append((one, kind.evaluate(Asking(asked, one.given, now, query)), ""))
        except TelemetryAway:
            continue  # what is known of it stays; it is asked again
        except NoAnswer as error:
            nothing = {part.pk: Verdict(None, "the query cannot be answered") for part in asked}
            told.append((one, nothing, f"cannot be answered: {error}"[:300]))
    changed = [_store(one, verdicts, problem, now) for one, verdicts, problem in told]
    with transaction.atomic():
        StandardVersion.objects.filter(pk=version.pk).update(checked_at=now)
        if any(changed) or version.checked_at is None:
            publish(version.ref, version.standard.ref)


@transaction.atomic
def _store(one: Check, verdicts: Mapping[int, Verdict], problem: str, now: datetime) -> bool:
    """Keep what changed of one check; whether anything did."""
    changed = one.problem != problem or (not problem and one.tried_at is None)
    if changed:
        tried = one.tried_at if problem else now
        Check.objects.filter(pk=one.pk).update(problem=problem, tried_at=tried)
    known = {result.component_id: result for result in one.results.all()}
    fresh: list[Result] = []
    other: list[Result] = []
    for component, verdict in verdicts.items():
        state = {True: "ok", False: "fails", None: "unknown"}[verdict.ok]
        reason, old = verdict.reason[:300], known.get(component)
        if old is None:
            fresh.append(
                Result(check_of=one, component_id=component, state=state, reason=reason, since=now)
            )
        elif (old.state, old.reason) != (state, reason):
            old.since = old.since if old.state == state else now
            old.state, old.reason = state, reason
            other.append(old)
    Result.objects.bulk_create(fresh)
    Result.objects.bulk_update(other, ["state", "reason", "since"])
    return changed or bool(fresh or other)


def read_measures(now: datetime, query: QueryFunc = prometheus.query) -> int:
    """Read the measure of drafts, and again thirty days after they came into force."""
    due = StandardVersion.objects.exclude(query="").filter(
        Q(state=State.DRAFT, before="")
        | Q(state=State.IN_FORCE, after="", in_force_at__lte=now - REREAD_AFTER)
    )
    return sum(_read(version, now, query) for version in due.order_by("pk")[:20])


def _read(version: StandardVersion, now: datetime, query: QueryFunc) -> int:
    try:
        samples = query(version.query)
        problem = "" if len(samples) == 1 else f"gives {len(samples)} values instead of one"
    except NoAnswer as error:
        samples, problem = (), f"cannot be read: {error}"[:300]
    same = StandardVersion.objects.filter(pk=version.pk, query=version.query)
    if problem:
        if problem != version.measure_problem:
            same.update(measure_problem=problem)
            publish(version.ref)
        return 0
    value = f"{samples[0].value:g}"
    if version.state == State.DRAFT:
        same.update(before=value, measure_problem="")
    else:
        same.update(after=value, read_at=now, measure_problem="")
    publish(version.ref, version.standard.ref)
    return 1

"""Measuring: the number an improvement should move, read at a change's start and after its end.

Both are read at the moment they are about, which a query can name, so that a telemetry that is
away for a while loses nothing.
"""

from datetime import datetime, timedelta

from django.db.models import Q

from watchbill import prometheus
from watchbill.maintenance.models import Change
from watchbill.prometheus import NoAnswer, QueryFunc
from watchbill.web.live import publish

SETTLES = timedelta(minutes=10)
"""How long after the end the effect is read: rates over some minutes must be new ones."""
TRY_AGAIN = timedelta(seconds=30)
GIVE_UP = timedelta(days=1)


def tick(now: datetime, query: QueryFunc = prometheus.query) -> int:
    """Read what is due; how many numbers were stored."""
    due = Change.objects.select_related("improvement").filter(measure_after__lte=now)
    return sum(_read(change, now, query) for change in due.order_by("measure_after")[:20])


def _read(change: Change, now: datetime, query: QueryFunc) -> bool:
    begun, ended = change.started_at, change.ended_at
    assert begun is not None
    assert change.improvement is not None
    before = change.measured_before is None
    if not before and ended is None:
        return _store(change, None)
    at = begun if before or ended is None else ended + SETTLES
    try:
        samples = query(change.improvement.measure, at)
    except NoAnswer as error:
        return _store(change, _later(now, at), problem=str(error))
    if len(samples) != 1:
        problem = f"gives {len(samples)} values instead of one"
        return _store(change, _later(now, at), problem=problem)
    value = samples[0].value
    if before:
        return _store(change, ended and ended + SETTLES, measured_before=value)
    return _store(change, None, measured_after=value)


def _later(now: datetime, at: datetime) -> datetime | None:
    return now + TRY_AGAIN if now - at < GIVE_UP else None


def _store(change: Change, then: datetime | None, problem: str = "", **values: float) -> bool:
    """Keep what was read, unless the change ended meanwhile: then it is looked at anew."""
    same = Q(pk=change.pk, measure_after=change.measure_after, ended_at=change.ended_at)
    stored = Change.objects.filter(same).update(
        measure_after=then, measure_problem=problem[:300], **values
    )
    if stored and values:
        publish(change.ref)
    return bool(stored and values)

"""Reads the measure that a fix should move: as it was when it was applied, and a little later."""

from datetime import datetime, timedelta

from django.db.models import Q

from watchbill import prometheus
from watchbill.incidents.models import Fix
from watchbill.prometheus import NoAnswer, QueryFunc
from watchbill.web.live import publish

SETTLES = timedelta(minutes=5)
"""How long after a fix its effect is read: rates over five minutes must be new ones."""
GIVEN_UP = timedelta(days=1)
"""How long after a fix a measure that cannot be read is tried again."""


def tick(now: datetime, query: QueryFunc = prometheus.query) -> int:
    """Read what is due; how many numbers were stored. A query that fails is tried again later."""
    fresh = Fix.objects.filter(applied_at__gt=now - GIVEN_UP).exclude(measure="")
    due = fresh.filter(Q(before=None) | Q(after=None, applied_at__lte=now - SETTLES))
    return sum(_read(fix, query, now) for fix in due.select_related("incident").order_by("pk")[:50])


def _read(fix: Fix, query: QueryFunc, now: datetime) -> int:
    wanted = {}
    if fix.before is None:
        wanted["before"] = fix.applied_at
    if fix.after is None and fix.applied_at <= now - SETTLES:
        wanted["after"] = fix.applied_at + SETTLES
    found: dict[str, object] = {}
    problem = ""
    for column, at in wanted.items():
        try:
            samples = query(fix.measure, at)
        except NoAnswer as error:
            problem = f"cannot be read: {error}"[:300]
            continue
        if len(samples) == 1:
            found[column] = samples[0].value
        else:
            problem = f"gives {len(samples)} values instead of one"
    if found or problem != fix.measure_problem:
        Fix.objects.filter(pk=fix.pk).update(**found, measure_problem=problem)
        publish(fix.incident.ref)
    return len(found)

"""Reads the measure of an improvement before the work, after it, and on the due date."""

from datetime import datetime, timedelta

from django.db.models import Q

from watchbill import prometheus
from watchbill.practice.models import Improvement
from watchbill.prometheus import NoAnswer, QueryFunc
from watchbill.web.live import publish

State = Improvement.State
SETTLES = timedelta(minutes=5)
"""How long after completion the effect is read: rates over five minutes must be new ones."""


def tick(now: datetime, query: QueryFunc = prometheus.query) -> int:
    """Read what is due; how many numbers were stored. A query that fails is tried again later."""
    wanted = {
        "before": Q(state=State.ACCEPTED, before=None),
        "after": Q(state=State.DONE, after=None, done_at__lte=now - SETTLES),
        # What was begun unasked is read on the day that was promised, done or not.
        "reread": Q(state__in=(State.ACCEPTED, State.DONE), reread=None, due__lte=now.date())
        & ~Q(aim=""),
    }
    measured, read = Improvement.objects.exclude(measure="").order_by("pk"), 0
    for column, condition in wanted.items():
        read += sum(_read(work, column, now, query) for work in measured.filter(condition)[:50])
    return read


def _read(work: Improvement, column: str, now: datetime, query: QueryFunc) -> int:
    try:
        samples = query(work.measure)
        problem = "" if len(samples) == 1 else f"gives {len(samples)} values instead of one"
    except NoAnswer as error:
        samples, problem = (), f"cannot be read: {error}"[:300]
    if problem:
        if problem != work.measure_problem:
            Improvement.objects.filter(pk=work.pk).update(measure_problem=problem)
        return 0
    found: dict[str, object] = {column: samples[0].value, "measure_problem": ""}
    if column == "reread":
        found["reread_at"] = now
    Improvement.objects.filter(pk=work.pk).update(**found)
    publish(work.ref)
    return 1

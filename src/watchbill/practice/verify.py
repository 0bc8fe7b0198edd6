"""Reads the measure of an improvement before the work and after it."""

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
    due = Improvement.objects.exclude(measure="").filter(
        Q(state=State.ACCEPTED, before=None)
        | Q(state=State.DONE, after=None, done_at__lte=now - SETTLES)
    )
    return sum(_read(work, query) for work in due.order_by("pk")[:50])


def _read(work: Improvement, query: QueryFunc) -> int:
    try:
        samples = query(work.measure)
        problem = "" if len(samples) == 1 else f"gives {len(samples)} values instead of one"
    except NoAnswer as error:
        samples, problem = (), f"cannot be read: {error}"[:300]
    if problem:
        if problem != work.measure_problem:
            Improvement.objects.filter(pk=work.pk).update(measure_problem=problem)
        return 0
    column = "before" if work.state == State.ACCEPTED else "after"
    Improvement.objects.filter(pk=work.pk).update(
        **{column: samples[0].value, "measure_problem": ""}
    )
    publish(work.ref)
    return 1

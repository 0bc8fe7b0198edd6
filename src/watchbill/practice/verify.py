"""Reads the measure of an improvement before the work and after it."""

from datetime import datetime, timedelta

from django.db.models import Q

from watchbill.practice import measure
from watchbill.practice.measure import NoAnswer, Query
from watchbill.practice.models import Improvement
from watchbill.web.live import publish

State = Improvement.State
SETTLES = timedelta(minutes=5)
"""How long after completion the effect is read: rates over five minutes must be new ones."""


def tick(now: datetime, query: Query = measure.query) -> int:
    """Read what is due; how many numbers were stored. A query that fails is tried again later."""
    due = Improvement.objects.exclude(measure="").filter(
        Q(state=State.ACCEPTED, before=None)
        | Q(state=State.DONE, after=None, done_at__lte=now - SETTLES)
    )
    return sum(_read(work, query) for work in due.order_by("pk")[:50])


def _read(work: Improvement, query: Query) -> int:
    try:
        samples = query(work.measure)
        problem = "" if len(samples) == 1 else f"gives {len(samples)} values instead of one"
    except NoAnswer as error:
        samples, problem = [], str(error)[:300]
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

"""Reads what a new version of a procedure should move: before it, and again when it was in use."""

from datetime import datetime, timedelta

from django.db.models import Q

from watchbill import prometheus
from watchbill.prometheus import NoAnswer, QueryFunc
from watchbill.runbooks.models import Execution, Run, Runbook, RunbookVersion
from watchbill.web.live import publish

CLEAN_RUNS = "runs without deviation"
"""The measure that needs no telemetry: the share of ended runs that followed each step."""
READ_AGAIN = timedelta(days=7)
"""How long a version is in use before its measure is read again."""
GIVEN_UP = timedelta(days=90)


def tick(now: datetime, query: QueryFunc = prometheus.query) -> int:
    """Read what is due; how many numbers were stored. What cannot be read is tried again later."""
    wanted = RunbookVersion.objects.filter(published_at__gt=now - GIVEN_UP).exclude(measure="")
    due = wanted.filter(Q(before=None) | Q(after=None, published_at__lte=now - READ_AGAIN))
    rows = due.select_related("runbook").order_by("pk")[:50]
    return sum(_read(version, query, now) for version in rows)


def clean_share(runbook: Runbook, *, before: int = 0, of: int = 0) -> float | None:
    """The share of clean runs among the ended ones, of versions below `before` or of one."""
    runs = Run.objects.filter(of__runbook=runbook).exclude(state=Run.State.RUNNING)
    runs = runs.filter(of__number=of) if of else runs.filter(of__number__lt=before)
    every = runs.count()
    skipped = Execution.objects.filter(state=Execution.State.SKIPPED).values("run")
    clean = runs.filter(state=Run.State.FINISHED).exclude(pk__in=skipped).count()
    return clean / every if every else None


def _read(version: RunbookVersion, query: QueryFunc, now: datetime) -> int:
    found: dict[str, object] = {}
    problem = ""
    if version.before is None:
        value, problem = _value(version, query, version.published_at)
        if value is not None:
            found["before"] = value
    if version.after is None and version.published_at <= now - READ_AGAIN:
        value, problem = _value(version, query, None)
        if value is not None:
            found |= {"after": value, "after_at": now}
    if found or problem != version.measure_problem:
        rows = RunbookVersion.objects.filter(pk=version.pk)
        rows.update(**found, measure_problem=problem)
        publish(version.runbook.ref)
    return len(found.keys() & {"before", "after"})


def _value(
    version: RunbookVersion, query: QueryFunc, at: datetime | None
) -> tuple[float | None, str]:
    """The measure's value, as of `at` or in use now, or None and why there is none."""
    if version.measure == CLEAN_RUNS:
        book = version.runbook
        of = (
            clean_share(book, before=version.number) if at else clean_share(book, of=version.number)
        )
        return of, "" if of is not None else "no run has ended yet"
    try:
        samples = query(version.measure, at)
    except NoAnswer as error:
        return None, f"cannot be read: {error}"[:300]
    if len(samples) != 1:
        return None, f"gives {len(samples)} values instead of one"
    return samples[0].value, ""

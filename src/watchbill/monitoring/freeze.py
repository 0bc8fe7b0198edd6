"""Freezing: the chart of a report is kept as it was, soon after it was reported."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from watchbill import prometheus
from watchbill.monitoring.models import Report
from watchbill.prometheus import QueryRefused, RangeFunc, Series, TelemetryAway
from watchbill.web.live import publish

MOST_POINTS = 240  # of one series
MOST_SERIES = 20
LEAST_STEP = 15.0  # seconds
AROUND = 0.25  # of the range's length, shown before and after it
TRY_AGAIN = timedelta(seconds=30)
GIVE_UP = timedelta(days=1)


def tick(now: datetime, query_range: RangeFunc = prometheus.query_range) -> int:
    """Freeze what is due; how many reports are done with. What cannot be read is tried again."""
    due = Report.objects.filter(freeze_after__lte=now).order_by("freeze_after")[:20]
    return sum(_freeze(report, now, query_range) for report in due)


def window(start: datetime, end: datetime) -> tuple[datetime, datetime, float]:
    """Start, end and step (seconds) of the chart of a range: the range with some air around it."""
    air = (end - start) * AROUND
    step = max(LEAST_STEP, (end - start + 2 * air).total_seconds() / MOST_POINTS)
    return start - air, end + air, step


def matrix(series: Sequence[Series]) -> list[dict[str, Any]]:
    """Series as Prometheus writes them, as a chart takes them; at most MOST_SERIES."""
    return [
        {"metric": dict(one.labels), "values": [[at, f"{value:.12g}"] for at, value in one.values]}
        for one in series[:MOST_SERIES]
    ]


def _freeze(report: Report, now: datetime, query_range: RangeFunc) -> bool:
    start, end, step = window(report.start, report.end)
    still = Report.objects.filter(pk=report.pk, freeze_after=report.freeze_after)
    try:
        found = query_range(report.query, start, min(end, now), step)
    except QueryRefused as error:
        still.update(freeze_after=None, freeze_error=str(error)[:500])
    except TelemetryAway as error:
        later = now + TRY_AGAIN if now - report.at < GIVE_UP else None
        still.update(freeze_after=later, freeze_error=str(error)[:500])
        return False
    else:
        still.update(freeze_after=None, freeze_error="", frozen=matrix(found))
    publish(report.ref)
    return True

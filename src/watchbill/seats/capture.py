"""Keeps with a line of a watch log what its query gave at the moment of the line."""

from datetime import datetime, timedelta

from watchbill import prometheus
from watchbill.prometheus import QueryFunc, QueryRefused, TelemetryAway
from watchbill.seats.models import LogEntry
from watchbill.web.live import publish

MOST_SERIES = 10
TRY_AGAIN = timedelta(seconds=30)
GIVE_UP = timedelta(days=1)


def tick(now: datetime, query: QueryFunc = prometheus.query) -> int:
    """Ask what is due; how many lines are done with. What is away is asked again later."""
    due = LogEntry.objects.filter(capture_after__lte=now).select_related("seat")
    return sum(_capture(entry, now, query) for entry in due.order_by("capture_after")[:20])


def _capture(entry: LogEntry, now: datetime, query: QueryFunc) -> bool:
    still = LogEntry.objects.filter(pk=entry.pk, capture_after=entry.capture_after)
    try:
        samples = query(entry.query, entry.at)
    except QueryRefused as error:
        still.update(capture_after=None, problem=str(error)[:300])
    except TelemetryAway as error:
        later = now + TRY_AGAIN if now - entry.at < GIVE_UP else None
        still.update(capture_after=later, problem=str(error)[:300])
        return False
    else:
        values = [{"series": one.selector, "value": f"{one.value:.6g}"} for one in samples]
        problem = "" if values else "It gave nothing at that moment."
        still.update(capture_after=None, problem=problem, values=values[:MOST_SERIES])
    publish(entry.seat.ref)
    return True

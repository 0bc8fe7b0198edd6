"""Freezing: the chart of a finding or an analysis is kept as it was, soon after it was added."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from watchbill import prometheus
from watchbill.investigations.models import Analysis, Finding
from watchbill.prometheus import QueryRefused, RangeFunc, Series, TelemetryAway
from watchbill.web.live import publish

MOST_POINTS = 240  # of one series
MOST_SERIES = 20
LEAST_STEP = 15.0  # seconds
TRY_AGAIN = timedelta(seconds=30)
GIVE_UP = timedelta(days=1)
AT_ONCE = 20  # rows of each sort


def tick(now: datetime, query_range: RangeFunc = prometheus.query_range) -> int:
    """Freeze what is due; how many rows are done with. What cannot be read is tried again."""
    done = 0
    for model in (Finding, Analysis):
        due = model._default_manager.filter(freeze_after__lte=now).order_by("freeze_after")
        done += sum(_freeze(row, now, query_range) for row in due[:AT_ONCE])
    return done


def _freeze(row: Finding | Analysis, now: datetime, query_range: RangeFunc) -> bool:
    assert row.start is not None, "what is due has a window"
    assert row.end is not None, "what is due has a window"
    step = max(LEAST_STEP, (row.end - row.start).total_seconds() / MOST_POINTS)
    still = type(row)._default_manager.filter(pk=row.pk, freeze_after=row.freeze_after)
    try:
        found = query_range(row.query, row.start, row.end, step)
    except QueryRefused as error:
        still.update(freeze_after=None, freeze_error=str(error)[:500])
    except TelemetryAway as error:
        later = now + TRY_AGAIN if now - row.at < GIVE_UP else None
        still.update(freeze_after=later, freeze_error=str(error)[:500])
        return False
    else:
        still.update(freeze_after=None, freeze_error="", frozen=_matrix(found))
    publish(row.ref, f"investigations.investigation:{row.investigation_id}")
    return True


def _matrix(series: Sequence[Series]) -> list[dict[str, Any]]:
    """Series as Prometheus writes them, as a chart takes them; at most MOST_SERIES."""
    return [
        {"metric": dict(one.labels), "values": [[at, f"{value:.12g}"] for at, value in one.values]}
        for one in series[:MOST_SERIES]
    ]

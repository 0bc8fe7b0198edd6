"""Standing seats and watch logs over REST and command line."""

from typing import Any

from django.db.models import QuerySet

from watchbill.acts.rest import Resource
from watchbill.seats import reads
from watchbill.seats.models import LogEntry, Seat


def describe(seat: Seat) -> dict[str, Any]:
    """A seat as JSON, a watch with its log."""
    return {
        "role": seat.role,
        "about": seat.about,
        "area": seat.area,
        "holder": seat.holder.username,
        "deputy": seat.deputy.username if seat.deputy else None,
        "provisional": seat.provisional,
        "under_instruction": seat.under_instruction,
        "guide": seat.guide.username if seat.guide else None,
        "since": seat.since,
        "term_ends": seat.term_ends,
        "until": seat.until,
        "handed_to": seat.handed_to.username if seat.handed_to else None,
        "handover": seat.handover,
        "looked_back": seat.looked_back,
        "log": [_line(entry) for entry in seat.log.all()],
        "url": seat.get_absolute_url(),
    }


def _line(entry: LogEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "by": entry.by.username,
        "at": entry.at,
        "text": entry.text,
        "query": entry.query,
        "values": entry.values,
    }


def _rows() -> QuerySet[Seat]:
    return reads.seats().prefetch_related("log__by").order_by("-pk")


RESOURCES = [
    Resource(
        "seats", Seat, describe, find=_rows,
        filters={"role": "role", "about": "about", "area": "area", "holder": "holder__username"},
        doc="Standing seats: watches with their logs, caretakers, who is accountable.",
    )
]  # fmt: skip

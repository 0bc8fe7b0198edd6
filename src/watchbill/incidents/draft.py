"""The record of an incident as the ledger tells it: a draft for whoever writes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watchbill.acts import timeline
from watchbill.incidents.models import Incident

MOST = 500  # lines of a record's timeline
WORDS = 3  # that a part has at least

# Acts that changed something in the system, by the start of their names.
ACTED = (
    "incidents.apply_fix", "incidents.judge_fix", "incidents.finish_task", "incidents.mitigate",
    "incidents.resolve", "runbooks.run_step", "runbooks.skip_step", "runbooks.step_ended",
    "alerts.silence", "maintenance.start_change", "maintenance.complete_change",
    "maintenance.back_out",
)  # fmt: skip

Line = list[str]  # moment in ISO 8601, who, what


@dataclass(frozen=True)
class Draft:
    """What can be said without anybody writing it."""

    impact: str
    cause: str
    actions: str
    lines: Sequence[Line]


def draft(incident: Incident) -> Draft:
    """The record as far as the ledger tells it. What made it possible, people must say."""
    entries = _entries(incident)
    span = f"From {_clock(incident.declared_at)}"
    if incident.resolved_at is not None:
        span += f" to {_clock(incident.resolved_at)}"
    impact = f"{incident.impact or incident.title}\n\n{span} UTC, {incident.how_bad.short}."
    acted = [f"- {one.at:%H:%M} {one.by} {one.says}" for one in entries if one.kind in ACTED]
    return Draft(impact, "", "\n".join(acted), [_line(entry) for entry in entries])


def lines(incident: Incident) -> list[Line]:
    """The timeline that a record keeps: what was done until now, oldest first."""
    return [_line(entry) for entry in _entries(incident)]


def read(kept: Sequence[Line]) -> list[tuple[datetime, str, str]]:
    """A record's timeline with its moments as such, for a page."""
    return [(datetime.fromisoformat(at), who, what) for at, who, what in kept]


def missing(incident: Incident, *, impact: str, cause: str, actions: str) -> dict[str, str]:
    """What a record still lacks: field -> in words. Empty when it is complete."""
    absent = {}
    if len(impact.split()) < WORDS:
        absent["impact"] = "the impact is missing (whom it harmed, how, how long)"
    if len(cause.split()) < WORDS:
        absent["cause"] = "the cause is missing (or that it is not known, and what was ruled out)"
    if len(actions.split()) < WORDS:
        absent["actions"] = "the actions taken are missing"
    if not incident.over:
        absent["on"] = "the incident is not resolved yet"
    return absent


def _entries(incident: Incident) -> list[Any]:
    found = (
        timeline.of(incident).filter(state="done").exclude(kind__startswith="incidents.accept_r")
    )
    return list(found.exclude(kind="incidents.publish_record").order_by("id")[:MOST])


def _line(entry: Any) -> Line:
    return [entry.at.isoformat(), str(entry.by), entry.says]


def _clock(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"

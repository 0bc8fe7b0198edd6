"""Whether the others were told in time: by the severity's cadence, as the ledger has it.

The severity is that of each moment. When it is raised, the next update is due by the new cadence
from then, or when it was due anyway if that is earlier; when it is lowered, by the new cadence from
the last update. While the incident is over nothing is due. For whoever leads, the clock begins when
they took the lead.
"""

from datetime import datetime
from typing import Any

from watchbill.acts import timeline
from watchbill.incidents.models import Incident, Severity

COURSE = (
    "incidents.declare", "incidents.declare_from_alert", "incidents.set_severity",
    "incidents.post_update", "incidents.resolve", "incidents.reopen", "incidents.close",
)  # fmt: skip


def kept(incident: Incident, *, since: datetime) -> bool:
    """Every update from `since` until the end came before it was due."""
    told = Told(Severity(incident.severity))
    entries = list(timeline.valid_of(incident).filter(state="done", kind__in=COURSE))
    for entry in entries:
        if entry.at <= since:
            told.hear(entry)
    told.begin(since)
    for entry in entries:
        if entry.at > since:
            if told.due is not None and entry.at > told.due:
                return False
            told.hear(entry)
    return True


class Told:
    """When the others should hear next, as one entry after the other tells it."""

    def __init__(self, severity: Severity) -> None:
        self.severity, self.over = severity, False
        self.last: datetime | None = None  # when they heard, or when the clock began
        self.due: datetime | None = None

    def begin(self, at: datetime) -> None:
        """The clock begins."""
        self.last, self.due = at, None if self.over else at + self.severity.cadence

    def hear(self, entry: Any) -> None:
        """Take account of one entry."""
        name = entry.kind.partition(".")[2]
        if name in ("declare", "declare_from_alert"):
            self.severity = Severity(entry.given.get("severity", self.severity))
            self.begin(entry.at)
        elif name == "set_severity":
            self._change(Severity(entry.given["severity"]), entry.at)
        elif name in ("resolve", "close"):
            self.over, self.due = True, None
        else:
            self.over = self.over and name != "reopen"
            self.begin(entry.at)

    def _change(self, severity: Severity, at: datetime) -> None:
        before, self.severity = self.severity, severity
        if self.due is None or self.last is None:
            return
        if severity.cadence < before.cadence:
            self.due = min(self.due, at + severity.cadence)
        else:
            self.due = self.last + severity.cadence

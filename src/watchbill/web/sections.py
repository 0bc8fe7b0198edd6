"""The rail: the few places everything is found in, in this order."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """One place. `short` stands under the icon on a phone; `in_bar` places fit in its bar."""

    key: str
    label: str
    short: str
    icon: str
    path: str
    in_bar: bool = True


SECTIONS = (
    Section("now", "Now", "Now", "circle-dot", "/"),
    Section("incidents", "Incident response", "Incidents", "siren", "/incidents/"),
    Section("monitoring", "Monitoring", "Monitoring", "activity", "/monitoring/"),
    Section("maintenance", "Maintenance", "Maintain", "wrench", "/maintenance/"),
    Section("ladder", "Ladder", "Ladder", "list-checks", "/ladder/", in_bar=False),
)

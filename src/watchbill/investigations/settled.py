"""Whether what was investigated is settled: changed, and not back within its window. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watchbill.acts import timeline
from watchbill.catalog.models import Component
from watchbill.investigations.models import Investigation
from watchbill.investigations.signs import Sign, signs
from watchbill.people.models import Person
from watchbill.people.subject import Subject, find

CARRIED = "maintenance.complete_change"  # the act that ends a change well


@dataclass(frozen=True)
class Settling:
    """How far the window is. Without `since` the change was not completed yet."""

    change: Subject | None = None
    since: datetime | None = None
    until: datetime | None = None
    by: Person | None = None  # who carried the change
    signs: Sequence[Sign] = ()


def settling(investigation: Investigation) -> Settling:
    """From when to when it must stay away, and what happened on its components since."""
    if not investigation.settled_with:
        return Settling()
    change = find(investigation.settled_with)
    carried = (
        timeline.done(CARRIED)
        .filter(subject=change.ref)
        .select_related("by")
        .order_by("-id")
        .first()
    )
    if carried is None:
        return Settling(change)
    since = carried.at
    happened = signs(_components(investigation.matter, change), since)
    return Settling(change, since, since + investigation.quiet_for, carried.by, happened)


def _components(*things: Any) -> list[int]:
    """By primary key: what it is about, and what the change touched."""
    found: set[int] = set()
    for thing in things:
        if isinstance(thing, Component):
            found.add(thing.pk)
        elif several := getattr(thing, "components", None):
            found.update(several.values_list("pk", flat=True))
        elif number := getattr(thing, "component_id", None):
            found.add(number)
    return sorted(found)

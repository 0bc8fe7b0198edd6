"""What seats show elsewhere, and what apps above show on the page of a watch.

@watch_panel(order=20)
def alerts(watch: Watch, request: Request) -> Panel | None:
    ...   # about `watch.components`, since `watch.seat.since`
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.template.loader import render_to_string

from watchbill.acts.web import Request
from watchbill.catalog.models import Component
from watchbill.catalog.panels import Panel, panel
from watchbill.seats import reads
from watchbill.seats.models import Seat


@dataclass(frozen=True)
class Watch:
    """A watch and the components it is over."""

    seat: Seat
    components: QuerySet[Component]
    everything: bool  # it is over the house


WatchPanelOf = Callable[[Watch, Request], Panel | None]
_panels: list[tuple[int, WatchPanelOf]] = []


def watch_panel(order: int = 50) -> Callable[[WatchPanelOf], WatchPanelOf]:
    """Register a sheet of the watch page; those with a lower `order` come first."""

    def register(function: WatchPanelOf) -> WatchPanelOf:
        _panels.append((order, function))
        _panels.sort(key=lambda entry: entry[0])
        return function

    return register


def panels_of(watch: Watch, request: Request) -> list[Panel]:
    """The sheets that have something to show."""
    found = (function(watch, request) for _, function in _panels)
    return [one for one in found if one is not None]


@panel(order=25)
def caretaker(component: Component, request: Request) -> Panel:
    """Who looks after the component, and who watches it."""
    found = list(reads.about(component))
    held = any(seat.role == Seat.Role.CARETAKER and seat.held for seat in found)
    context = {"component": component, "seats": found, "held": held}
    body = render_to_string("seats/component_panel.html", context, request)
    return Panel("Caretaker", body, "", component.ref)

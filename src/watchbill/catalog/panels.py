"""What apps above show on the pages of components, registered here so that nothing imports upwards.

An app offers a module `panels.py`:

    @panel(order=20)
    def changes(component: Component, request: Request) -> Panel | None:
        return Panel("Changes", render_to_string("maintenance/panel.html", {...}, request))

    @health
    def firing(components: QuerySet[Component]) -> dict[int, Health]:   # by primary key
        ...

    offer("maintenance.plan_change", "Plan a change", order=20)   # a button beside the title
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from watchbill.acts.web import Request
from watchbill.catalog.models import Component


@dataclass(frozen=True)
class Panel:
    """A sheet on a component's page. `body` lies in it as it is: rows, a table, `.body`."""

    title: str
    body: SafeString
    note: str = ""  # beside the title, such as "2 open"
    live: str = ""  # refs, with spaces, whose news refresh it


@dataclass(frozen=True)
class Health:
    """How a component does. `kind` is bad, warn, good or unknown; the worst one is shown."""

    kind: str
    word: str
    url: str = ""


PanelOf = Callable[[Component, Request], Panel | None]
HealthOf = Callable[[QuerySet[Component]], Mapping[int, Health]]

UNKNOWN = Health("unknown", "not watched")
_WORST_FIRST = ("bad", "warn", "good", "unknown")
_panels: list[tuple[int, PanelOf]] = []
_health: list[HealthOf] = []
_offers: list[tuple[int, str, str]] = []


def panel(order: int = 50) -> Callable[[PanelOf], PanelOf]:
    """Register a panel; those with a lower `order` come first."""

    def register(function: PanelOf) -> PanelOf:
        _panels.append((order, function))
        _panels.sort(key=lambda entry: entry[0])
        return function

    return register


def health(function: HealthOf) -> HealthOf:
    """Register what tells the health of many components at once, with few queries."""
    _health.append(function)
    return function


def offer(act: str, label: str, *, order: int = 50) -> None:
    """Register an act on components whose button stands on their page."""
    _offers.append((order, act, label))
    _offers.sort()


def offers() -> list[tuple[str, str]]:
    """Name and label of the acts offered on a component's page."""
    return [(name, label) for _, name, label in _offers]


def panels_of(component: Component, request: Request) -> list[Panel]:
    """The panels that have something to show."""
    found = (function(component, request) for _, function in _panels)
    return [one for one in found if one is not None]


def health_of(components: QuerySet[Component]) -> dict[int, Health]:
    """The worst that is known of each component, by primary key, in the order of the query."""
    told: dict[int, Health] = dict.fromkeys(components.values_list("pk", flat=True), UNKNOWN)
    for function in _health:
        for pk, one in function(components).items():
            if pk in told and _WORST_FIRST.index(one.kind) < _WORST_FIRST.index(told[pk].kind):
                told[pk] = one
    return told

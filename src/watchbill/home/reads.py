"""How the system does, and the one sentence at the top of Now."""

from dataclasses import dataclass
from datetime import datetime

from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.catalog.panels import Health, health_of
from watchbill.incidents.models import Incident
from watchbill.maintenance.models import Change

SHOWN = 12


@dataclass(frozen=True)
class System:
    """The state of everything, for one sentence and one list."""

    incidents: list[Incident]
    firing: list[Alert]
    components: list[tuple[Component, Health]]
    well: int
    changes: int

    @property
    def sentence(self) -> str:
        """What somebody who was just woken needs to read first."""
        if self.incidents:
            worst = self.incidents[0]
            more = len(self.incidents) - 1
            rest = f" {more} more incident{'s' if more > 1 else ''} open." if more else ""
            return f"{worst.how_bad.short}: {worst.title}.{rest}"
        if self.firing:
            first = self.firing[0]
            more = len(self.firing) - 1
            rest = f", and {more} more" if more else ""
            what = first.summary.rstrip(".") or str(first)
            return f"{what[0].upper()}{what[1:]}{rest}. No incident is declared."
        return "Everything is well."

    @property
    def since(self) -> datetime | None:
        """Since when the sentence is true."""
        if self.incidents:
            return self.incidents[0].declared_at
        return self.firing[0].starts_at if self.firing else None


def system() -> System:
    """The state of the system, in as many queries however much there is."""
    health = health_of(Component.objects.order_by("-stakes", "name"))
    rank = {"bad": 0, "warn": 1, "unknown": 2, "good": 3}
    worst = sorted(health, key=lambda number: rank[health[number].kind])[:SHOWN]
    components = Component.objects.in_bulk(worst)
    is_open = Incident.objects.filter(state__in=Incident.OPEN).order_by("severity", "-declared_at")
    return System(
        incidents=list(is_open[:SHOWN]),
        firing=list(
            Alert.objects.filter(state=Alert.State.FIRING)
            .select_related("component", "rule", "token")
            .order_by("-starts_at")[:SHOWN]
        ),
        components=[(components[number], health[number]) for number in worst],
        well=sum(one.kind == "good" for one in health.values()),
        changes=Change.objects.filter(state=Change.State.UNDER_WAY).count(),
    )

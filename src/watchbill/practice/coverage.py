"""Which components are watched, and by what: told by the apps above, registered here.

@provides_coverage("Rules")
def rules(components: QuerySet[Component]) -> Mapping[int, int]:   # how many, by primary key
    ...
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from watchbill.catalog.models import Component
from watchbill.people.models import Team
from watchbill.people.subject import Subject

MOST = 200  # components in one map
CoverageOf = Callable[[QuerySet[Component]], Mapping[int, int]]
_providers: list[tuple[str, CoverageOf]] = []


@dataclass(frozen=True)
class Row:
    """One component, and how many of each sort watch it."""

    component: Component
    counts: Sequence[tuple[str, int]]

    @property
    def bare(self) -> bool:
        """Nothing watches it at all."""
        return not any(count for _, count in self.counts)

    @property
    def missing(self) -> list[str]:
        """The sorts that it has none of, in words."""
        return [sort.lower() for sort, count in self.counts if not count]


@dataclass(frozen=True)
class Map:
    """The components of a review with what watches them; the bare ones first."""

    sorts: Sequence[str]
    rows: Sequence[Row]
    total: int

    @property
    def uncovered(self) -> int:
        """How many rows lack something."""
        return sum(bool(row.missing) for row in self.rows)


def provides_coverage(sort: str) -> Callable[[CoverageOf], CoverageOf]:
    """Register what tells how many of a sort each of many components has, with few queries."""

    def register(function: CoverageOf) -> CoverageOf:
        _providers.append((sort, function))
        _providers.sort(key=lambda provider: provider[0])
        return function

    return register


def components_of(matter: Subject) -> QuerySet[Component]:
    """What a review of `matter` looks at: the component, those of the team, or all of them."""
    if isinstance(matter, Component):
        return Component.objects.filter(pk=matter.pk)
    if isinstance(matter, Team):
        return Component.objects.filter(owner=matter)
    return Component.objects.all()


def map_of(matter: Subject) -> Map:
    """What watches the components of `matter`, as it is now."""
    found = components_of(matter).order_by("name", "pk")
    numbers = list(found.values_list("pk", flat=True))
    shown = found.filter(pk__in=numbers[:MOST])
    told = [(sort, provider(shown)) for sort, provider in _providers]
    rows = [
        Row(component, [(sort, counts.get(component.pk, 0)) for sort, counts in told])
        for component in shown
    ]
    rows.sort(key=lambda row: -len(row.missing))
    return Map([sort for sort, _ in told], rows, len(numbers))

"""What the pages of the catalogue show."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q

from watchbill.catalog.models import Component
from watchbill.catalog.panels import Health, health_of
from watchbill.lib.levels import Tier

PER_PAGE = 100


@dataclass(frozen=True)
class Card:
    """A component in the list."""

    component: Component
    health: Health
    dependents: int


@dataclass(frozen=True)
class Listing:
    """A page of components, and how many there are of each tier."""

    page: Page[Component]
    cards: Sequence[Card]
    total: int
    by_tier: dict[str, int]


def listing(words: str, tier: str, owner: str, number: str) -> Listing:
    """Components that match, by name; an unknown tier or page number is taken as none."""
    counts = dict(Component.objects.order_by().values_list("stakes").annotate(Count("pk")))
    found = Component.objects.select_related("owner").order_by("name", "pk")
    if words:
        found = found.filter(
            Q(name__icontains=words) | Q(slug__icontains=words) | Q(description__icontains=words)
        )
    if tier in {t.word for t in Tier}:
        found = found.filter(stakes=Tier.read(tier))
    if owner:
        found = found.filter(owner__slug=owner)
    page = Paginator(found, PER_PAGE).get_page(number)
    rows = list(page.object_list)
    health = health_of(Component.objects.filter(pk__in=[row.pk for row in rows]))
    needed = _dependents(rows)
    return Listing(
        page=page,
        cards=[Card(row, health[row.pk], needed.get(row.pk, 0)) for row in rows],
        total=sum(counts.values()),
        by_tier={t.word: counts.get(t.value, 0) for t in reversed(Tier)},
    )


def _dependents(components: Sequence[Component]) -> dict[int, int]:
    """How many components need each of these."""
    through = Component.depends_on.through.objects.filter(to_component__in=components)
    return dict(through.order_by().values_list("to_component").annotate(Count("pk")))

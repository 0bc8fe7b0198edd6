"""The catalogue over REST and command line."""

from typing import Any

from django.db.models import QuerySet

from watchbill.acts.rest import Resource
from watchbill.catalog.models import Component


def describe(component: Component) -> dict[str, Any]:
    """A component as JSON."""
    return {
        "slug": component.slug,
        "name": component.name,
        "description": component.description,
        "owner": component.owner.slug,
        "tier": component.tier.word,
        "depends_on": sorted(other.slug for other in component.depends_on.all()),
        "dependents": sorted(other.slug for other in component.dependents.all()),
        "links": component.links,
        "charts": component.charts,
        "url": component.get_absolute_url(),
    }


def _rows() -> QuerySet[Component]:
    related = Component.objects.select_related("owner")
    return related.prefetch_related("depends_on", "dependents").order_by("slug")


RESOURCES = [
    Resource(
        "components", Component, describe, find=_rows,
        filters={"owner": "owner__slug"},
        doc="What the team runs: owner, tier, dependencies, links, charts.",
    )
]  # fmt: skip

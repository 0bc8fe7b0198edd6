"""Who leads a component: seniors of the team that owns it."""

from watchbill.catalog.models import Component
from watchbill.lib.levels import Area
from watchbill.people.models import Person

FROM_LEVEL = 3


def leads(person: Person, component: Component) -> bool:
    """`person` is of the owning team and stands at L3 or above in maintenance."""
    in_team = component.owner.members.filter(pk=person.pk).exists()
    return in_team and person.level(Area.MAINTENANCE) >= FROM_LEVEL


def why_not_lead(person: Person, component: Component) -> str | None:
    """Why `person` does not answer for `component`, or None."""
    if leads(person, component):
        return None
    return (
        f"{component} is led by the seniors of {component.owner.name}: "
        "members who stand at L3 or above in maintenance."
    )

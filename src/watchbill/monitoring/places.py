"""What of the ladder can be done today with measurements."""

from django.urls import reverse

from watchbill.catalog.models import Component
from watchbill.people.models import Person


def look(person: Person) -> tuple[str, str] | None:
    """The charts of the component with the most at stake that the person's team owns, or any."""
    mine = Component.objects.filter(owner__members=person).order_by("-stakes", "name").first()
    if mine is None:
        return None
    return f"{reverse('monitoring:explore')}?component={mine.slug}", f"look at {mine}"


DO_NOW = {"MO-L1-3": look}

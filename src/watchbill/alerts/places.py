"""What of the ladder can be done today with alerts."""

from watchbill.alerts.models import Alert
from watchbill.people.models import Person


def take(person: Person) -> tuple[str, str] | None:
    """The oldest alert that fires and nobody took."""
    firing = Alert.objects.filter(state=Alert.State.FIRING, taken_by=None)
    found = firing.order_by("starts_at").first()
    return (found.get_absolute_url(), f"take “{found}”") if found else None


DO_NOW = {"MO-L2-2": take}

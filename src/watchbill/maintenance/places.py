"""What of the ladder can be done today with changes."""

from watchbill.maintenance.models import Change
from watchbill.people.models import Person


def go_on(person: Person) -> tuple[str, str] | None:
    """The change that the person has under way, else the next one that is planned."""
    known = person.__dict__.setdefault("do_now", {})
    if "change" not in known:
        begun = Change.objects.filter(started_by=person, state=Change.State.UNDER_WAY)
        waits = Change.objects.filter(state__in=(Change.State.PLANNED, Change.State.APPROVED))
        known["change"] = begun.first() or waits.order_by("starts", "pk").first()
    change: Change | None = known["change"]
    return (change.get_absolute_url(), f"go on with “{change}”") if change else None


DO_NOW = {"MA-L1-2": go_on, "MA-L1-3": go_on, "MA-L1-4": go_on, "MA-L2-2": go_on}

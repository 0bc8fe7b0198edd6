"""What of the ladder can be done today with proposals."""

from watchbill.lib.levels import Area
from watchbill.people.models import Person
from watchbill.proposals.models import Proposal


def argue(person: Person) -> tuple[str, str] | None:
    """The oldest open proposal for a process of incidents, by somebody else, without their word."""
    waits = Proposal.objects.filter(
        state=Proposal.State.OPEN, kind=Proposal.Kind.PROCESS, area=Area.INCIDENT_RESPONSE
    )
    found = waits.exclude(by=person).exclude(positions__by=person).order_by("pk").first()
    return (found.get_absolute_url(), f"take a position on “{found}”") if found else None


DO_NOW = {"IR-L3-4": argue}

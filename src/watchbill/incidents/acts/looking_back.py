"""Looking back on how an incident was led, by somebody who responded in it."""

from typing import Annotated

from django.db.models import QuerySet

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.incidents import cadence
from watchbill.incidents.models import Incident, LookBack, Seat
from watchbill.people.models import Person

RESPONDED = (Seat.Role.RESPONDER, Seat.Role.LEAD)


@act(
    "review",
    shows="IR-L3-1",
    says="looked back on how {leader} led: {line}",
    title="Look back on the lead",
)
def look_back(
    incident: Incident,
    by: Person,
    *,
    line: Annotated[
        str, Field(label="In a line", help="What in the leading helped, what next time?")
    ],
) -> Outcome:
    """Say, once it is closed, what the leading gave you. Blameless, as in a review."""
    lead = led_to_the_end(incident)
    if lead is None:
        raise CannotBeDone(
            "Nobody led it until it was closed."
            if incident.state == Incident.State.CLOSED
            else "It is not closed yet.",
            hint="Look back in the review instead.",
        )
    if lead.person_id == by.pk:
        raise CannotBeDone("Nobody looks back on their own lead here.", hint="Use the review.")
    if not responded_with(lead).filter(person=by).exists():
        raise CannotBeDone("Only who responded with the lead looks back on it.")
    if not 0 < len(line.strip()) <= 500:
        raise CannotBeDone("One line, of at most 500 characters.", field="line")
    if incident.look_backs.filter(by=by).exists():
        raise CannotBeDone("Your line is written already.", hint="Add to the review instead.")
    LookBack.objects.create(incident=incident, by=by, lead=lead.person, line=line.strip())
    on_time = cadence.kept(incident, since=lead.since)
    shows = [Show("IR-L3-1", lead.person, on=incident, witness=by)] if on_time else []
    return {"leader": str(lead.person), "shows": shows}


def led_to_the_end(incident: Incident) -> Seat | None:
    """The lead's seat that ended with the incident."""
    if incident.closed_at is None:
        return None
    ended = incident.seats.filter(role=Seat.Role.LEAD, provisional=False, until=incident.closed_at)
    return ended.select_related("person").first()


def responded_with(lead: Seat) -> QuerySet[Seat]:
    """The accepted seats of others, held at some time while that one led.

    Whoever handed the lead over and left was not there: their seat ended when that one began.
    """
    others = lead.incident.seats.filter(role__in=RESPONDED, provisional=False)
    return others.exclude(person=lead.person).filter(until__gt=lead.since)

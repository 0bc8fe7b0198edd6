"""What the pages of commitments show."""

from django.db.models import Q, QuerySet

from watchbill.commitments.models import AREAS, Commitment
from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.people.subject import Subject

State = Commitment.State


def commitments(area: str = "", state: str = "") -> QuerySet[Commitment]:
    """The newest first; an unknown area or state narrows nothing."""
    found = Commitment.objects.select_related("by", "team", "speaker", "answered_by")
    labels = [label for label, named in AREAS.items() if named == area]
    if labels:
        found = found.filter(about__startswith=f"{labels[0]}:")
    if state in State:
        found = found.filter(state=state)
    return found.order_by("-pk")


def waiting_for(person: Person) -> QuerySet[Commitment]:
    """What was offered to a team of theirs, or to those they speak for."""
    theirs = Q(team__in=person.teams.all()) | Q(speaker=person)
    return commitments().filter(theirs, state=State.OFFERED).exclude(by=person)


def about(subject: Subject) -> QuerySet[Commitment]:
    """The commitments about one thing, oldest first."""
    return commitments().filter(about=subject.ref).order_by("pk")


def sentence(commitment: Commitment) -> str:
    """Where it is, in words."""
    other = commitment.other_side
    late = commitment.due < clock.now() and not commitment.is_closed
    if commitment.state == State.OFFERED:
        told = f"{other} has not answered yet"
    elif commitment.state == State.REFUSED:
        told = f"{other} said no-go; it can be negotiated anew"
    elif commitment.state == State.AGREED:
        told = (
            f"{commitment.answered_by} said go for {other}"
            if commitment.team
            else (f"{commitment.answered_by} said go on behalf of {other}")
        )
    else:
        told = f"It was {commitment.get_state_display().lower()}"
        told += (
            ", as the other side confirmed"
            if commitment.confirmed_by_id
            else ("; the other side has not confirmed it yet")
        )
    return f"{told}; it is past its time." if late else f"{told}."


def agreed(rows: list[Commitment]) -> str:
    """How far a change is agreed, in a line."""
    said = sum(row.state in (State.AGREED, *Commitment.CLOSED) for row in rows)
    if any(row.state == State.REFUSED for row in rows):
        return "a team said no-go"
    return "agreed with each team" if said == len(rows) else f"{said} of {len(rows)} said go"

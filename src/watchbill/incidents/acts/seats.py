"""Seats in an incident: taken, asked for, accepted, handed over and left."""

from typing import Annotated

from watchbill.acts.authority import Mode
from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.incidents.acts.course import save
from watchbill.incidents.models import Incident, Seat
from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.practice.somebody import Somebody, named


@act(
    "take",
    duties="IR-L2-1",
    says="took a seat as responder",
    title="Take a seat",
    moves=False,
)
def take_seat(incident: Incident, by: Person) -> Outcome:
    """Work on it as a responder, until you leave or it is closed."""
    return _sit(incident, by, Seat.Role.RESPONDER)


@act("lead", duties="IR-L3-1", says="took the lead", title="Take the lead")
def take_lead(incident: Incident, by: Person) -> Outcome:
    """Decide and coordinate: the seat carries leading and engaging in this incident."""
    if lead := lead_of(incident):
        raise CannotBeDone(f"{lead.person} leads.", hint="Ask for a hand-over.")
    return _sit(incident, by, Seat.Role.LEAD)


@act(
    "observe",
    duties="IR-L1-1",
    says="joined under instruction",
    title="Join under instruction",
)
def join_under_instruction(incident: Incident, by: Person) -> Outcome:
    """Take part and learn. The seat is provisional until a guide accepts you."""
    return _sit(incident, by, Seat.Role.UNDER_INSTRUCTION, provisional=True)


@act(
    "guide",
    duties="IR-L3-3",
    says="accepted {learner} under instruction",
    title="Be the guide",
    moves=False,
)
def accept_learner(seat: Seat, by: Person) -> Outcome:
    """Stand by somebody under instruction: their asks come to you first."""
    _must_be_held(seat)
    if seat.role != Seat.Role.UNDER_INSTRUCTION or seat.guide_id is not None:
        raise CannotBeDone("Nobody waits for a guide here.")
    if seat.person_id == by.pk:
        raise CannotBeDone("Nobody guides themselves.")
    seat.guide, seat.provisional = by, False
    seat.save(update_fields=["guide", "provisional"])
    return {"learner": str(seat.person)}


@act(
    "lead",
    duties="IR-L3-1",
    says="asked {who} to take a seat as {as_what}",
    title="Assign a seat",
    moves=False,
)
def assign_seat(
    incident: Incident, by: Person, *, person: Somebody, role: Seat.Role = Seat.Role.RESPONDER
) -> Outcome:
    """Ask somebody in. The seat is provisional until they accept it."""
    if role is Seat.Role.LEAD:
        raise CannotBeDone("The lead is handed over.", field="role", hint="Hand over instead.")
    made = _sit(incident, named(person, field="person"), role, provisional=True)
    return {**made, "who": made["person"], "as_what": role.label.lower()}


@act("lead", duties="IR-L3-1", says="hands the lead over to {who}", title="Hand over the lead")
def hand_over(
    incident: Incident,
    by: Person,
    *,
    to: Somebody,
    said: Annotated[str, Field(long=True, label="What they need to know")] = "",
) -> Outcome:
    """Pass the lead on. It stays where it is until the other one accepts."""
    leader = named(to, field="to")
    if take_lead.may(leader, incident).mode is Mode.NOT_YET:
        raise CannotBeDone(
            f"{leader} may not lead this incident yet.", field="to",
            hint="Name somebody who may, alone or guided.",
        )  # fmt: skip
    incident.seats.filter(role=Seat.Role.LEAD, provisional=True, until=None).update(
        until=clock.now()
    )
    made = _sit(incident, leader, Seat.Role.LEAD, provisional=True)
    return {**made, "who": str(leader)}


@act("own", own=lambda seat, person: seat.person_id == person.pk,
     says="accepted the seat as {as_what}", title="Accept the seat")  # fmt: skip
def accept_seat(seat: Seat, by: Person) -> Outcome:
    """Take on the seat you were asked to take. The lead passes over with it."""
    seat.incident = Incident.objects.select_for_update().get(
        pk=seat.incident_id
    )  # one lead at most
    _must_be_held(seat)
    if not seat.provisional or seat.role == Seat.Role.UNDER_INSTRUCTION:
        raise CannotBeDone("This seat waits for no word of yours.")
    now = clock.now()
    if seat.role == Seat.Role.LEAD:
        seat.incident.seats.filter(role=Seat.Role.LEAD, provisional=False, until=None).update(
            until=now
        )
    seat.incident.seats.filter(person=by, until=None).exclude(pk=seat.pk).update(until=now)
    seat.provisional, seat.since = False, now
    seat.save(update_fields=["provisional", "since"])
    _begun(seat.incident)
    return {"as_what": seat.get_role_display().lower()}


@act("own", own=lambda seat, person: seat.person_id == person.pk,
     says="left the seat as {as_what}", title="Leave")  # fmt: skip
def leave_seat(seat: Seat, by: Person) -> Outcome:
    """Give the seat up. A lead hands over first if anybody can take it."""
    _must_be_held(seat)
    seat.until = clock.now()
    seat.save(update_fields=["until"])
    return {"as_what": seat.get_role_display().lower()}


def _sit(
    incident: Incident, person: Person, role: Seat.Role, *, provisional: bool = False
) -> Outcome:
    if incident.over:
        raise CannotBeDone(f"The incident is {incident.state}.", hint="Reopen it first.")
    held = incident.seats.filter(person=person, until=None)
    if held.filter(role=role).exists():
        raise CannotBeDone(f"{person} holds that seat already.")
    now = clock.now()
    if not provisional:
        held.update(until=now)
    seat = Seat.objects.create(
        incident=incident, person=person, role=role, provisional=provisional, since=now
    )
    if not provisional:
        _begun(incident)
    return {"ref": seat.ref, "person": str(person)}


def _begun(incident: Incident) -> None:
    if incident.state == Incident.State.DECLARED:
        incident.state = Incident.State.INVESTIGATING
        save(incident, "state")


def lead_of(incident: Incident) -> Seat | None:
    """Who leads now, if anybody."""
    lead = incident.seats.filter(role=Seat.Role.LEAD, provisional=False, until=None)
    return lead.select_related("person").first()


def _must_be_held(seat: Seat) -> None:
    if seat.until is not None:
        raise CannotBeDone("The seat was given up.", hint="Take a new one.")

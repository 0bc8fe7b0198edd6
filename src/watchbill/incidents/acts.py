"""What people do in an incident, from declaring it to closing it."""

from typing import Annotated, Any

from watchbill.acts.authority import Mode
from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.incidents.models import Incident, Note, Seat, Severity, Update
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import House, Person
from watchbill.people.subject import Subject
from watchbill.practice.somebody import Somebody, named
from watchbill.web.live import publish

EVERYBODY = "incidents"  # the topic that lists of incidents follow
State = Incident.State
Impact = Annotated[str, Field(long=True, label="Impact", help="Whom does it harm, and how?")]


# Declaring


@act(
    "report",
    area=Area.INCIDENT_RESPONSE,
    tier=Tier.ROUTINE,
    says="declared incident {number}, {short}: {title}",
    title="Declare an incident",
)
def declare(
    on: Subject,
    by: Person,
    *,
    title: str,
    severity: Severity = Severity.SEV3,
    impact: Impact = "",
) -> Outcome:
    """Say that something is an incident. Too early is better than too late."""
    if not isinstance(on, Component | House):
        raise CannotBeDone(
            "An incident is declared on a component, or on the house while none is known.",
            field="on",
        )
    incident = _declared(by, title, severity, impact)
    if isinstance(on, Component):
        incident.components.add(on)
    return _made(incident)


@act(
    "report",
    area=Area.INCIDENT_RESPONSE,
    says="declared incident {number}, {short}: {title}",
    title="Declare an incident",
)
def declare_from_alert(
    alert: Alert,
    by: Person,
    *,
    title: str = "",
    severity: Severity = Severity.SEV3,
    impact: Impact = "",
) -> Outcome:
    """Say that this alert is an incident; the alert and its component belong to it."""
    if earlier := Incident.objects.filter(alerts=alert).filter(state__in=Incident.OPEN).first():
        raise CannotBeDone(
            f"It belongs to incident {earlier.pk} already.",
            hint=f"Go to {earlier.get_absolute_url()}.",
        )
    incident = _declared(by, title or alert.summary[:200] or str(alert), severity, impact)
    incident.alerts.add(alert)
    if alert.component is not None:
        incident.components.add(alert.component)
    return _made(incident)


def _declared(by: Person, title: str, severity: Severity, impact: str) -> Incident:
    if not title.strip():
        raise CannotBeDone("Say what is wrong.", field="title", hint="As users see it.")
    if len(title.strip()) > 200:
        raise CannotBeDone("A title has at most 200 characters.", field="title")
    return Incident.objects.create(
        title=title.strip(), severity=severity, impact=impact.strip(), declared_by=by
    )


def _made(incident: Incident) -> Outcome:
    publish(EVERYBODY)
    return {
        "ref": incident.ref, "url": incident.get_absolute_url(), "number": incident.pk,
        "short": incident.how_bad.short, "title": incident.title,
    }  # fmt: skip


# What is known


@act("note", says="noted: {text}", title="Note")
def note(incident: Incident, by: Person, *, text: Long) -> Outcome:
    """Write down what you see or think. It appears for everybody at once."""
    if not text.strip():
        raise CannotBeDone("The note is empty.", field="text")
    made = Note.objects.create(incident=incident, by=by, text=text.strip())
    return {"note": made.pk}


def _unlinked(incident: Any) -> list[tuple[str, str]]:
    firing = Alert.objects.filter(state=Alert.State.FIRING).exclude(incidents=incident)
    return [(str(alert.pk), str(alert)) for alert in firing.order_by("-starts_at")[:100]]


@act("note", says="linked the alert {name}", title="Link an alert")
def link_alert(
    incident: Incident, by: Person, *, alert: Annotated[int, Field(choices=_unlinked)]
) -> Outcome:
    """Say that an alert is part of this incident."""
    found = Alert.objects.filter(pk=alert).first()
    if found is None:
        raise CannotBeDone("There is no such alert.", field="alert")
    incident.alerts.add(found)
    if found.component is not None:
        incident.components.add(found.component)
    return {"ref": found.ref, "name": str(found)}


@act(
    "lead",
    duties="IR-L3-1",
    says="set the severity to {short}{because}",
    title="Set severity",
)
def set_severity(
    incident: Incident, by: Person, *, severity: Severity, why: Annotated[str, Field()] = ""
) -> Outcome:
    """Say how bad it is; what is at stake and how often others hear follow from it."""
    _must_not_be_closed(incident)
    if incident.severity == severity:
        raise CannotBeDone(f"It is {severity.short} already.", field="severity")
    incident.severity = severity
    _save(incident, "severity")
    return {"short": severity.short, "because": f": {why.strip()}" if why.strip() else ""}


@act("lead", duties="IR-L3-1", says="told {whom}: {text}", title="Post an update", moves=False)
def post_update(
    incident: Incident,
    by: Person,
    *,
    text: Annotated[str, Field(long=True, help="What is known, what is done next.")],
    audience: Update.Audience = Update.Audience.TEAM,
) -> Outcome:
    """Tell the others how it stands. The next one is due by the severity's cadence."""
    if not text.strip():
        raise CannotBeDone("The update is empty.", field="text")
    made = Update.objects.create(incident=incident, by=by, audience=audience, text=text.strip())
    incident.told_at = made.at
    incident.save(update_fields=["told_at"])
    return {"whom": audience.label.lower(), "update": made.pk}


# Seats


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
    if lead := _lead_of(incident):
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
    if incident.state == State.DECLARED:
        incident.state = State.INVESTIGATING
        _save(incident, "state")


def _lead_of(incident: Incident) -> Seat | None:
    lead = incident.seats.filter(role=Seat.Role.LEAD, provisional=False, until=None)
    return lead.select_related("person").first()


def _must_be_held(seat: Seat) -> None:
    if seat.until is not None:
        raise CannotBeDone("The seat was given up.", hint="Take a new one.")


# How it goes


@act("lead", duties="IR-L3-1", says="started to mitigate: {by_what}", title="Mitigating")
def mitigate(
    incident: Incident, by: Person, *, by_what: Annotated[str, Field(label="By what?")]
) -> Outcome:
    """Say that the harm is being stopped now, and by what."""
    if incident.state not in (State.DECLARED, State.INVESTIGATING):
        raise CannotBeDone(f"It is {incident.state} already.")
    if not by_what.strip():
        raise CannotBeDone("Say by what.", field="by_what")
    incident.state = State.MITIGATING
    _save(incident, "state")
    return {}


@act("lead", duties="IR-L3-1", says="resolved it: {what_ended_it}", title="Resolve")
def resolve(
    incident: Incident,
    by: Person,
    *,
    what_ended_it: Annotated[str, Field(long=True, label="What ended it, and how do you know?")],
) -> Outcome:
    """Say that users are no longer harmed. Alerts that still fire are named first."""
    if incident.over:
        raise CannotBeDone(f"It is {incident.state} already.")
    if not what_ended_it.strip():
        raise CannotBeDone("Say what ended it.", field="what_ended_it")
    incident.state, incident.resolved_at = State.RESOLVED, clock.now()
    incident.resolution = what_ended_it.strip()
    _save(incident, "state", "resolved_at", "resolution")
    return {"still_firing": incident.alerts.filter(state=Alert.State.FIRING).count()}


@act("lead", duties="IR-L3-1", says="reopened it: {why}", title="Reopen")
def reopen(incident: Incident, by: Person, *, why: Annotated[str, Field()]) -> Outcome:
    """Say that it is not over after all. Seats that ended are taken anew."""
    if not incident.over:
        raise CannotBeDone("It is open.")
    if not why.strip():
        raise CannotBeDone("Say why.", field="why")
    incident.state, incident.resolved_at, incident.closed_at = State.INVESTIGATING, None, None
    _save(incident, "state", "resolved_at", "closed_at")
    return {}


@act("lead", duties="IR-L3-1", says="closed the incident", title="Close")
def close(incident: Incident, by: Person) -> Outcome:
    """Nothing is left to do here; every seat ends. Reviews and improvements go on."""
    if incident.state != State.RESOLVED:
        raise CannotBeDone("Only what is resolved is closed.", hint="Resolve it first.")
    now = clock.now()
    incident.state, incident.closed_at = State.CLOSED, now
    _save(incident, "state", "closed_at")
    incident.seats.filter(until=None).update(until=now)
    return {}


def _save(incident: Incident, *columns: str) -> None:
    incident.save(update_fields=columns)
    publish(EVERYBODY)


def _must_not_be_closed(incident: Incident) -> None:
    if incident.state == State.CLOSED:
        raise CannotBeDone("The incident is closed.", hint="Reopen it first.")

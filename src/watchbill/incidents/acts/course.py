"""How an incident goes, from its severity to closing: what its lead does."""

from typing import Annotated

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.alerts.models import Alert
from watchbill.incidents.models import Incident, Seat, Severity, Task, Update
from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.web.live import publish

EVERYBODY = "incidents"  # the topic that lists of incidents follow
State = Incident.State


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
    save(incident, "severity")
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
    save(incident, "state")
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
    save(incident, "state", "resolved_at", "resolution")
    return {"still_firing": incident.alerts.filter(state=Alert.State.FIRING).count()}


@act("lead", duties="IR-L3-1", says="reopened it: {why}", title="Reopen")
def reopen(incident: Incident, by: Person, *, why: Annotated[str, Field()]) -> Outcome:
    """Say that it is not over after all. Seats that ended are taken anew."""
    if not incident.over:
        raise CannotBeDone("It is open.")
    if not why.strip():
        raise CannotBeDone("Say why.", field="why")
    incident.state, incident.resolved_at, incident.closed_at = State.INVESTIGATING, None, None
    save(incident, "state", "resolved_at", "closed_at")
    return {}


@act("lead", duties="IR-L3-1", shows="IR-L2-1", says="closed the incident", title="Close")
def close(incident: Incident, by: Person) -> Outcome:
    """Nothing is left to do here; every seat ends. Reviews and improvements go on."""
    if incident.state != State.RESOLVED:
        raise CannotBeDone("Only what is resolved is closed.", hint="Resolve it first.")
    now = clock.now()
    led = incident.seats.filter(person=by, role=Seat.Role.LEAD, provisional=False, until=None)
    saw_it = led.exists()  # before every seat ends
    incident.state, incident.closed_at = State.CLOSED, now
    save(incident, "state", "closed_at")
    incident.seats.filter(until=None).update(until=now)
    shown = [one for one in _saw_through(incident) if one.pk != by.pk] if saw_it else []
    return {"shows": [Show("IR-L2-1", one, on=incident, witness=by) for one in shown]}


def _saw_through(incident: Incident) -> list[Person]:
    """Who held a seat as responder and owned a task of the board until it was done."""
    seated = Seat.objects.filter(
        incident=incident, role=Seat.Role.RESPONDER, provisional=False
    ).values("person")
    done = Task.objects.filter(incident=incident, state=Task.State.DONE).values("owner")
    return list(Person.objects.filter(pk__in=seated).filter(pk__in=done).order_by("pk"))


def save(incident: Incident, *columns: str) -> None:
    """Store these columns, and tell the lists."""
    incident.save(update_fields=columns)
    publish(EVERYBODY)


def _must_not_be_closed(incident: Incident) -> None:
    if incident.state == State.CLOSED:
        raise CannotBeDone("The incident is closed.", hint="Reopen it first.")

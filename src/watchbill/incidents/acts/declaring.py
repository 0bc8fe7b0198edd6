"""Declaring an incident: from an alert, on a component, or while nothing is known yet."""

from typing import Annotated

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.incidents.acts.course import EVERYBODY
from watchbill.incidents.models import Incident, Severity
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import House, Person
from watchbill.people.subject import Subject
from watchbill.web.live import publish

Impact = Annotated[str, Field(long=True, label="Impact", help="Whom does it harm, and how?")]


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

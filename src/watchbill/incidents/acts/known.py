"""What people know in an incident: notes, and the alerts that belong to it."""

from typing import Annotated, Any

from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.alerts.models import Alert
from watchbill.incidents.models import Incident, Note
from watchbill.people.models import Person


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

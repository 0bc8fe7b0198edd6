"""What of the ladder can be done today in an incident that is open, or was just closed."""

from django.urls import reverse

from watchbill.incidents.models import Incident
from watchbill.people.models import Person


def _open(person: Person) -> list[Incident]:
    known = person.__dict__.setdefault("do_now", {})
    kept: list[Incident] | None = known.get("incidents")
    if kept is None:
        found = Incident.objects.filter(state__in=Incident.OPEN)
        kept = list(found.prefetch_related("seats").order_by("severity", "-declared_at")[:20])
        known["incidents"] = kept
    return kept


def join(person: Person) -> tuple[str, str] | None:
    """The worst open incident that the person holds no seat in; else the one they sit in."""
    for incident in _open(person):
        if all(seat.person_id != person.pk or seat.until for seat in incident.seats.all()):
            return _room(incident, "join")
    return work_on(person)


def work_on(person: Person) -> tuple[str, str] | None:
    """The worst open incident."""
    return _room(_open(person)[0], "go to") if _open(person) else None


def lead(person: Person) -> tuple[str, str] | None:
    """An open incident that nobody leads."""
    for incident in _open(person):
        if not any(seat.role == "lead" and not seat.until for seat in incident.seats.all()):
            return _room(incident, "lead")
    return None


def _room(incident: Incident, verb: str) -> tuple[str, str]:
    return reverse("incidents:room", args=[incident.pk]), f"{verb} “{incident.title}”"


DO_NOW = {
    "IR-L1-1": join, "IR-L1-3": work_on, "IR-L2-1": join, "IR-L2-3": work_on, "IR-L3-1": lead,
}  # fmt: skip

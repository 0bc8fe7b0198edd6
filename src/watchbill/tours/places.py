"""What of the ladder can be done today on tours and watch rounds."""

from django.urls import reverse

from watchbill.catalog.models import Component
from watchbill.lib.levels import Area
from watchbill.people.models import Person
from watchbill.tours.models import Sort, Tour


def walk(person: Person) -> tuple[str, str] | None:
    """The newest written tour of monitoring that the person has not finished."""
    written = Tour.objects.filter(area=Area.MONITORING, sort=Sort.TOUR).exclude(in_force=None)
    walked = person.walks.exclude(tour=None).exclude(finished_at=None).values("tour")
    tour = written.exclude(pk__in=walked).order_by("-pk").first()
    return (tour.get_absolute_url(), f"walk “{tour}”") if tour else None


def learn(person: Person) -> tuple[str, str] | None:
    """The tour of a component of the person's team."""
    return _of_component(person, "take the tour of")


def watch_round(person: Person) -> tuple[str, str] | None:
    """The watch round over the same."""
    return _of_component(person, "make the watch round of")


def _of_component(person: Person, verb: str) -> tuple[str, str] | None:
    known = person.__dict__.setdefault("do_now", {})
    if "toured" not in known:
        mine = Component.objects.filter(owner__members=person)
        known["toured"] = mine.order_by("-stakes", "name").first()
    found: Component | None = known["toured"]
    return (reverse("tours:of-component", args=[found.slug]), f"{verb} {found}") if found else None


DO_NOW = {"MO-L1-1": walk, "MO-L1-2": watch_round, "MA-L1-1": learn}

"""Who works on an investigation, and whether its owner needed anybody's leave. Reads only."""

from watchbill.acts import timeline
from watchbill.acts.authority import Mode
from watchbill.investigations.models import Investigation, Part
from watchbill.people.models import Person


def contributors(investigation: Investigation) -> list[Person]:
    """Its owner, and everybody who found, tested, ticked or finished something; by name."""
    found = {investigation.owner_id}
    found.update(finders(investigation), finishers(investigation))
    found.update(investigation.hypotheses.values_list("owner_id", flat=True))
    ticked = investigation.steps.filter(left=False, by__isnull=False)
    found.update(ticked.values_list("by_id", flat=True))
    people = Person.objects.filter(pk__in=found, automation=False)
    return list(people.order_by("name", "username"))


def finders(investigation: Investigation) -> set[int]:
    """Who added a finding."""
    return set(investigation.findings.values_list("by_id", flat=True))


def finishers(investigation: Investigation) -> set[int]:
    """Who finished a part."""
    finished = investigation.parts.filter(state=Part.State.FINISHED)
    return set(finished.values_list("by_id", flat=True))


def went_alone(investigation: Investigation, person: Person) -> bool:
    """Nothing that `person` did in it needed a go-ahead: every entry of theirs is "alone"."""
    theirs = timeline.of(investigation).filter(by=person)
    return not theirs.exclude(mode=Mode.ALONE.value).exists()

"""Erasing what somebody's acts were given of their personal data. The entries themselves stay."""

from watchbill.acts import given
from watchbill.acts.models import Entry
from watchbill.people.models import Person


def personal(act: str, by: Person, **outcome: object) -> None:
    """Erase the personal values given to `by`'s acts of that name with such an outcome."""
    where = {f"came_of_it__{name}": value for name, value in outcome.items()}
    for entry in Entry.objects.filter(kind=act, by=by, **where).only("given"):
        given.erase(entry.given, sealed_only=False)

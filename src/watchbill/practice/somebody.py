"""People as parameters of acts: chosen by user name."""

from typing import Annotated, Any

from watchbill.acts.given import CannotBeDone, Field
from watchbill.people.models import Person


def _everybody(on: Any) -> list[tuple[str, str]]:
    people = Person.objects.humans().order_by("name", "username")
    return [(person.username, str(person)) for person in people]


Somebody = Annotated[str, Field(choices=_everybody)]
"""A user name; forms offer everybody."""


def named(username: str, *, field: str) -> Person:
    """The active person called `username`. Raises CannotBeDone naming `field`."""
    person = Person.objects.humans().filter(username__iexact=username).first()
    if person is None:
        raise CannotBeDone(f"There is nobody called {username!r}.", field=field)
    return person

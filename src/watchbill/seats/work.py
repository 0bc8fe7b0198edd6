"""What a caretaker saw through, told by the apps that keep the work.

@provides_work
def changes(component, person, since, until) -> Sequence[Subject]:
    ...   # what `person` ended well on `component` in that time
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from watchbill.catalog.models import Component
from watchbill.people.models import Person
from watchbill.people.subject import Subject

WorkOf = Callable[[Component, Person, datetime, datetime], Sequence[Subject]]
_providers: list[WorkOf] = []


def provides_work(provider: WorkOf) -> WorkOf:
    """Register what tells the work that somebody ended well on a component, in a span of time."""
    _providers.append(provider)
    return provider


def seen_through(
    component: Component, person: Person, since: datetime, until: datetime
) -> list[Subject]:
    """All of it."""
    return [work for provider in _providers for work in provider(component, person, since, until)]

"""Evidence on demand, and people to judge it."""

from collections.abc import Callable
from itertools import count

import pytest

from watchbill.acts.kinds import Act, Outcome, act
from watchbill.acts.models import Entry
from watchbill.acts.registry import KINDS
from watchbill.acts.shown import Show
from watchbill.catalog.models import Component
from watchbill.ladder.duties import fulfilled
from watchbill.lib.levels import Area
from watchbill.people.models import House, Person, Team
from watchbill.people.subject import find

Shows = Callable[..., Entry]


@pytest.fixture
def confirm():
    """An act by which whoever performs it sees that somebody has shown a duty on a component."""

    def confirm(component: Component, by: Person, *, who: str, duty: str) -> Outcome:
        """Confirm it."""
        person = find(f"people.person:{who}")
        assert isinstance(person, Person)
        return {"shows": [Show(duty, person, on=component, witness=by)]}

    confirm.__module__ = "watchbill.test"
    yield act(
        "note", area=Area.INCIDENT_RESPONSE, shows=" ".join(fulfilled()), says="confirmed {duty}"
    )(confirm)
    del KINDS["test.confirm"]


@pytest.fixture
def shows(confirm: Act, team: Team, house: House) -> Shows:
    """`shows(jun, "IR-L1-3", sam)`: Jun showed it, on something new, seen by Sam."""
    numbers = count()

    def show(person: Person, duty: str, witness: Person, on: Component | None = None) -> Entry:
        slug = f"thing-{next(numbers)}"
        on = on or Component.objects.create(slug=slug, name=slug, owner=team)
        return confirm.perform(witness, on, who=person.username, duty=duty)

    return show

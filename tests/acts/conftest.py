"""An act to try the mechanism on, and something to do it to."""

from collections.abc import Iterator

import pytest

from watchbill.acts.given import CannotBeDone, Personal, Secret
from watchbill.acts.kinds import Act, Outcome, act
from watchbill.acts.registry import KINDS
from watchbill.catalog.models import Component
from watchbill.people.models import House, Person, Team


@pytest.fixture
def describe() -> Iterator[Act]:
    """An act on a component: alone from L2 at the routine tier."""

    def describe(
        component: Component, by: Person, *, text: str, key: Secret = "", phone: Personal = ""
    ) -> Outcome:
        """Describe it."""
        if text == "impossible":
            raise CannotBeDone("That cannot be.", field="text")
        component.description = text
        component.save(update_fields=["description"])
        return {"length": len(text)}

    describe.__module__ = "watchbill.test"
    yield act("change", says="described {on} as {text}, {key}, {phone}")(describe)
    del KINDS["test.describe"]


@pytest.fixture
def shop(team: Team, house: House) -> Component:
    return Component.objects.create(slug="shop", name="Shop", owner=team)

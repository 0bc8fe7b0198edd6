"""A component of the team, and a way to pass a watch on."""

import pytest

from watchbill.catalog.models import Component
from watchbill.people.models import House, Team


@pytest.fixture
def checkout(team: Team, house: House) -> Component:
    return Component.objects.create(
        slug="checkout", name="Checkout", owner=team,
        charts=[{"title": "Errors", "query": "errors", "unit": ""}],
    )  # fmt: skip

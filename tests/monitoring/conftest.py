"""A component that is measured."""

import pytest

from watchbill.catalog.models import Component
from watchbill.people.models import House, Team


@pytest.fixture
def checkout(team: Team, house: House) -> Component:
    return Component.objects.create(slug="checkout", name="Checkout", owner=team)

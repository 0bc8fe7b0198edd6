"""A team with two components, one needing the other."""

import pytest

from watchbill.catalog.models import Component
from watchbill.lib.levels import Tier
from watchbill.people.models import House, Team


@pytest.fixture
def payments(team: Team, house: House) -> Component:
    return Component.objects.create(
        slug="payments", name="Payments", owner=team, stakes=Tier.CRITICAL
    )


@pytest.fixture
def checkout(team: Team, payments: Component) -> Component:
    found = Component.objects.create(slug="checkout", name="Checkout", owner=team)
    found.depends_on.add(payments)
    return found

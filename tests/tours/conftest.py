"""A component with a chart, and a walk that somebody began."""

import pytest

from watchbill.catalog.models import Component
from watchbill.people.models import House, Person, Team
from watchbill.tours import acts
from watchbill.tours.models import Walk


@pytest.fixture
def checkout(team: Team, house: House) -> Component:
    chart = {"title": "Failed", "query": "rate(failed[5m])", "unit": "percent"}
    return Component.objects.create(slug="checkout", name="Checkout", owner=team, charts=[chart])


@pytest.fixture
def walk(checkout: Component, jun: Person) -> Walk:
    """Jun's tour of the charts: count(up), what is down, the chart, how it does."""
    begun = acts.start_walk.perform(jun, checkout, of="charts")
    return Walk.objects.get(pk=begun.came_of_it["ref"].partition(":")[2])

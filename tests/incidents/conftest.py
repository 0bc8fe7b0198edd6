"""A component with an alert of a rule, and an incident about it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from watchbill.alerts.models import Alert, Rule, RuleFile, RuleGroup
from watchbill.catalog.models import Component
from watchbill.incidents import acts
from watchbill.incidents.models import Incident, Seat
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.people.models import House, Person, Team

Declare = Callable[..., Incident]


@pytest.fixture
def checkout(team: Team, house: House) -> Component:
    return Component.objects.create(
        slug="checkout", name="Checkout", owner=team, stakes=Tier.MODERATE
    )


@pytest.fixture
def alert(checkout: Component) -> Alert:
    """Five per cent of checkouts fail, says a rule."""
    now = clock.now()
    file = RuleFile.objects.create(path="shop.yml")
    group = RuleGroup.objects.create(file=file, name="shop", interval=15, next_at=now)
    rule = Rule.objects.create(
        group=group, key="1", position=0, line=1, name="CheckoutErrors",
        expr="sum(rate(checkout_errors_total[1m])) > 0.05",
    )  # fmt: skip
    return Alert.objects.create(
        fingerprint="1", name="CheckoutErrors", labels={"component": "checkout"},
        annotations={"summary": "Checkout fails for 12 % of requests"}, severity="critical",
        state=Alert.State.FIRING, active_at=now - timedelta(minutes=3),
        starts_at=now - timedelta(minutes=2), rule=rule, component=checkout,
    )  # fmt: skip


@pytest.fixture
def declare(checkout: Component, jun: Person) -> Declare:
    """`declare(severity="sev2")`: an incident on checkout, by the junior."""

    def declare(title: str = "Checkout fails", **given: object) -> Incident:
        entry = acts.declare.perform(jun, checkout, title=title, **given)  # type: ignore[arg-type]
        return Incident.objects.get(pk=entry.came_of_it["number"])

    return declare


@pytest.fixture
def incident(declare: Declare) -> Incident:
    return declare()


def seat(incident: Incident, person: Person) -> Seat:
    """The seat that `person` holds there now."""
    return Seat.objects.get(incident=incident, person=person, until=None)

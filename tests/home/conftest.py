"""A component whose rule fires, and somebody who is paged for it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from watchbill.alerts.models import Alert, Change
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.paging.models import Escalation, EscalationPolicy, Page
from watchbill.people.models import House, Person, Team

PagePerson = Callable[[Person], Page]


@pytest.fixture
def checkout(team: Team, house: House) -> Component:
    return Component.objects.create(
        slug="checkout", name="Checkout", owner=team, stakes=Tier.MODERATE
    )


@pytest.fixture
def alert(checkout: Component) -> Alert:
    began = clock.now() - timedelta(minutes=2)
    return Alert.objects.create(
        fingerprint="1", name="CheckoutErrors", labels={"component": "checkout"},
        annotations={"summary": "Checkout fails for 12 % of requests"}, severity="critical",
        state=Alert.State.FIRING, active_at=began, starts_at=began, component=checkout,
    )  # fmt: skip


@pytest.fixture
def page_person(alert: Alert) -> PagePerson:
    """`page_person(ann)`: ann is paged for the alert and has not answered."""
    policy = EscalationPolicy.objects.create(slug="all", name="Everybody")
    change = Change.objects.create(alert=alert, after="firing", processed_at=clock.now())
    escalation = Escalation.objects.create(alert=alert, change=change, policy=policy, edition=1)

    def page(person: Person) -> Page:
        return Page.objects.create(
            escalation=escalation, person=person, taken=0, due_at=clock.now() + timedelta(minutes=5)
        )

    return page

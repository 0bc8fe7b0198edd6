"""Two components, a procedure, and a way to plan a change."""

from collections.abc import Callable
from typing import Any

import pytest

from watchbill.catalog.models import Component
from watchbill.lib.levels import Tier
from watchbill.maintenance import acts
from watchbill.maintenance.models import Change
from watchbill.people.models import House, Person, Team
from watchbill.runbooks import acts as runbooks
from watchbill.runbooks.models import Runbook

Plan = Callable[..., Change]
PROCEDURE = """---
slug: bump
title: Bump the library
area: maintenance
---

## Read the notes
```confirm
They name no breaking change.
```

## Deploy it
```confirm
The new version answers.
```
"""


@pytest.fixture
def checkout(team: Team, house: House) -> Component:
    return Component.objects.create(slug="checkout", name="Checkout", owner=team)


@pytest.fixture
def payments(team: Team, house: House) -> Component:
    return Component.objects.create(
        slug="payments", name="Payments", owner=team, stakes=Tier.CRITICAL
    )


@pytest.fixture
def bump(lea: Person, house: House) -> Runbook:
    runbooks.publish.perform(lea, house, text=PROCEDURE)
    return Runbook.objects.get()


@pytest.fixture
def plan(checkout: Component, ann: Person) -> Plan:
    """`plan(title=…)`: a change of `checkout`, or of `component`, planned by `ann` or `by`."""

    def plan(component: Component = checkout, by: Person = ann, **given: Any) -> Change:
        wanted = {"title": "Bump the library", "kind": Change.Kind.UPDATE, **given}
        entry = acts.plan_change.perform(by, component, **wanted)
        return Change.objects.get(pk=entry.came_of_it["ref"].partition(":")[2])

    return plan

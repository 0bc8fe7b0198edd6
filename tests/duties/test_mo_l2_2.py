"""MO-L2-2: identify straightforward anomalies and basic issues, and respond to them."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, made

from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House

pytestmark = pytest.mark.django_db
RUNBOOK = """---
slug: clear-queue
title: Clear the queue
component: shop
area: monitoring
---
## Look at it
```confirm
The queue is long.
```
"""


def test_mo_l2_2(
    junior: Somebody, associate: Somebody, other_associate: Somebody, senior: Somebody,
    shop: Component, house: House,
) -> None:  # fmt: skip
    began = clock.now() - timedelta(minutes=5)
    alert = Alert.objects.create(
        fingerprint="f1", name="QueueLong", labels={"alertname": "QueueLong", "component": "shop"},
        state="firing", active_at=began, starts_at=began, component=shop,
    )  # fmt: skip
    senior.does("runbooks.publish", house, text=RUNBOOK)
    associate.sees("/monitoring/alerts/", "QueueLong")
    assert (junior.stands("alerts.take", alert), associate.stands("alerts.take", alert)) == tuple(
        "GA"
    )
    junior.asks("alerts.take", alert)
    associate.does("alerts.take", alert)
    run = made(associate.does("runbooks.start_run", alert, runbook="clear-queue"))
    assert (
        junior.stands("runbooks.run_step", run),
        associate.stands("runbooks.run_step", run),
    ) == tuple("GA")
    junior.asks("runbooks.run_step", run, step=1)
    associate.does("runbooks.run_step", run, step=1)
    associate.does("alerts.close", alert, cause="load", why="A sale began; the queue is drained.")
    Alert.objects.filter(pk=alert.pk).update(state="resolved", ends_at=clock.now())
    closing = alert.closings.get()
    assert "seven days" in other_associate.cannot("alerts.confirm_closed", closing)

    clock.shift(timedelta(days=7, minutes=1))
    assert "themselves" in associate.cannot("alerts.confirm_closed", closing)
    other_associate.sees("/monitoring/alerts/", "Closed, to be confirmed", "QueueLong")
    other_associate.does("alerts.confirm_closed", closing)
    associate.showed("MO-L2-2", on=alert, witness=other_associate)

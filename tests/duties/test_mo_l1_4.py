"""MO-L1-4: suggest another monitor or chart, from any chart."""

import pytest
from tests.duties.door import Somebody, key, made
from tests.prometheus_server import Telemetry

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db


def test_mo_l1_4(junior: Somebody, senior: Somebody, shop: Component, telemetry: Telemetry) -> None:
    shop.charts = [{"title": "Queue", "query": "queue_length", "unit": ""}]
    shop.save()
    junior.sees("/proposals/", "No proposal is open")
    junior.sees("/monitoring/components/shop/", "Suggest a monitor or chart")
    assert junior.stands("proposals.propose", shop) == "A"
    proposal = made(
        junior.does(
            "proposals.propose", shop, kind="monitor", title="Warn while the queue grows",
            text="Orders are lost before the alert.", query="queue_length", minutes=360,
        )
    )  # fmt: skip
    assert junior.reads("proposals", key(proposal))["area"] == "monitoring"
    senior.sees(f"/proposals/{key(proposal)}/", "Warn while the queue grows", "queue_length")
    assert junior.shown("MO-L1-4") == [], "it was not decided yet"
    senior.does("proposals.decide", proposal, decision="declined", why="The queue is going away.")
    junior.showed("MO-L1-4", on=proposal, witness=senior)
    junior.sees(f"/proposals/{key(proposal)}/", "The queue is going away.", "declined")

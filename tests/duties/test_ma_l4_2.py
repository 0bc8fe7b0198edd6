"""MA-L4-2: agree the order and windows of an update with the teams that depend on it."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import Team

pytestmark = pytest.mark.django_db


def test_ma_l4_2(lead: Somebody, senior: Somebody, neighbour: Somebody, shop: Component) -> None:
    platform = Team.objects.get(slug="platform")
    gateway = Component.objects.create(slug="gateway", name="Gateway", owner=platform)
    gateway.depends_on.add(shop)
    change = made(
        senior.does(
            "maintenance.plan_change", shop, title="Move to 5.0", kind="update", risk="moderate",
            backout="Go back to 4.9.",
        )
    )  # fmt: skip
    page = f"/maintenance/changes/{key(change)}/"
    lead.sees(page, "Agree with dependent teams")
    terms = {
        "what": "Shop at 10:00, gateway at 11:00.",
        "due": (clock.now() + timedelta(days=1)).isoformat(),
    }
    assert senior.stands("commitments.agree_update", change) == "G"
    senior.asks("commitments.agree_update", change, **terms)
    offered = lead.does("commitments.agree_update", change, **terms)["outcome"]["refs"]
    assert len(offered) == 1
    lead.sees(page, "0 of 1 said go", "Platform")
    neighbour.does("commitments.acknowledge", offered[0], answer="go", why="After our batch.")
    lead.sees(page, "agreed with each team")
    assert "closed" in neighbour.cannot("commitments.confirm_outcome", offered[0], word="Quiet.")
    senior.does("maintenance.start_change", change)
    senior.does("maintenance.complete_change", change, outcome="5.0 serves everybody.")
    senior.does("maintenance.document", change, docs="declined", reason="The notes say it already.")
    assert lead.shown("MA-L4-2") == []
    neighbour.does("commitments.confirm_outcome", offered[0], word="We noticed nothing.")
    lead.showed("MA-L4-2", on=change, witness=neighbour)

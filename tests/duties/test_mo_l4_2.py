"""MO-L4-2: agree on a shared objective or a monitor of a dependency with another team."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Tier

pytestmark = pytest.mark.django_db
QUERY = "sum(rate(limits_hit_total[5m]))"


def test_mo_l4_2(lead: Somebody, senior: Somebody, neighbour: Somebody, shop: Component) -> None:
    shop.stakes = Tier.MODERATE
    shop.save()
    lead.sees("/maintenance/components/shop/", "Agree with another team")
    terms = {
        "team": "platform", "what": "Platform keeps the limits; we slow down above them.",
        "due": (clock.now() + timedelta(days=30)).isoformat(), "query": QUERY,
        "comparison": "<=", "threshold": 0.5,
    }  # fmt: skip
    assert senior.stands("commitments.make", shop) == "G"
    senior.asks("commitments.make", shop, **terms)
    commitment = made(lead.does("commitments.make", shop, **terms))
    neighbour.does("commitments.acknowledge", commitment, answer="go", why="We see it too.")
    page = f"/commitments/{key(commitment)}/"
    lead.sees(page, "not measured yet")
    assert "in force" in neighbour.cannot(
        "commitments.confirm_outcome", commitment, word="It is watched."
    )
    assert lead.shown("MO-L4-2") == []
    lead.does("monitoring.set_chart", shop, title="Limits", query=QUERY)
    lead.sees(page, "A rule or a chart measures it")
    neighbour.does("commitments.confirm_outcome", commitment, word="It is watched.")
    lead.showed("MO-L4-2", on=commitment, witness=neighbour)

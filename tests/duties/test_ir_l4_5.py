"""IR-L4-5: lead the work that brings incident learnings into system design and architecture."""

import pytest
from tests.duties.door import Somebody, key, made
from tests.duties.reviewing import published

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db


def test_ir_l4_5(associate: Somebody, senior: Somebody, lead: Somebody, shop: Component) -> None:
    review = published(senior, shop)
    decided = {
        "title": "A pool for each caller",
        "decision": "Each caller gets a pool of its own.",
        "alternatives": "One larger pool: it only fails later.",
        "reviews": [int(key(review))],
    }
    lead.sees("/designs/", "No design decisions yet")
    assert senior.stands("practice.record_design", shop) == "G"
    assert associate.stands("practice.record_design", shop) == "N"
    senior.asks("practice.record_design", shop, **decided)
    design = made(lead.does("practice.record_design", shop, **decided))
    change = made(associate.does(
        "maintenance.plan_change", shop, title="Split the pool", kind="config"
    ))  # fmt: skip
    associate.does("maintenance.start_change", change)
    lead.cannot("practice.built_by", design, change=change)
    associate.does("maintenance.complete_change", change, outcome="Two pools, verified.")
    associate.does("practice.built_by", design, change=change)
    seen = {"how": "drill", "seen": "One caller stalled; the other did not notice."}
    associate.cannot("practice.verify_design", design, **seen)
    lead.cannot("practice.verify_design", design, **seen)
    senior.sees(f"/designs/{key(design)}/", "A pool for each caller", "Verify that it holds")
    senior.does("practice.verify_design", design, **seen)
    lead.showed("IR-L4-5", on=design, witness=senior)

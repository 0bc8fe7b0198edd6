"""IR-L3-5: lead post-incident reviews, identify systemic improvements and share the findings."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made
from tests.duties.reviewing import reviewed

from watchbill.catalog.models import Component
from watchbill.lib import clock

pytestmark = pytest.mark.django_db


def test_ir_l3_5(
    junior: Somebody, associate: Somebody, senior: Somebody, other_senior: Somebody, shop: Component
) -> None:
    review = reviewed(senior, shop)
    junior.does("practice.add_entry", review, kind="observation", text="It was slow at noon.")
    work = made(associate.does(
        "practice.propose_improvement", review, title="Limit retries", expected="No storms"
    ))  # fmt: skip
    due = (clock.now().date() + timedelta(days=7)).isoformat()
    senior.does(
        "practice.accept_improvement", work, owner="associate", due=due, why="It comes again.",
        systemic=True,
    )  # fmt: skip
    senior.does(
        "practice.publish_review", review, findings="Nothing limits retries here.",
        audience="All teams that call payments",
    )  # fmt: skip
    senior.sees(f"/reviews/{key(review)}/", "All teams that call payments", "Junior")
    associate.does("practice.complete_improvement", work, outcome="Limited to three.")
    seen = {"effect": "as-expected", "seen": "No storm in the drill."}
    assert "led the review" in str(senior.cannot("practice.confirm_effect", work, **seen))
    assert "took part" in str(other_senior.cannot("practice.confirm_effect", work, **seen))
    assert not senior.reads("evidence", "senior")["shown"].get("IR-L3-5")
    junior.sees(f"/improvements/{key(work)}/", "Confirm the effect")
    junior.does("practice.confirm_effect", work, **seen)
    senior.showed("IR-L3-5", on=review, witness=junior)


def test_one_below_leads_with_a_go_ahead(
    junior: Somebody, associate: Somebody, senior: Somebody, shop: Component
) -> None:
    incident = made(senior.does("incidents.declare", shop, title="Slow", severity="sev4"))
    senior.does("incidents.take_lead", incident)
    senior.does("incidents.resolve", incident, what_ended_it="A larger pool.")
    assert associate.stands("practice.open_review", incident) == "G"
    senior.gives_go_ahead(associate.asks("practice.open_review", incident))
    junior.may_not("practice.open_review", incident)

"""MO-L3-1: lead monitoring and ensure the health and performance of systems."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import Team

pytestmark = pytest.mark.django_db


def test_mo_l3_1(
    junior: Somebody, associate: Somebody, senior: Somebody, other_senior: Somebody,
    team: Team, shop: Component, payments: Component,
) -> None:  # fmt: skip
    assert associate.stands("practice.open_review", team, kind="coverage") == "G"
    junior.may_not("practice.open_review", team, kind="coverage")
    associate.asks("practice.open_review", team, kind="coverage")
    review = made(senior.does("practice.open_review", team, kind="coverage"))
    senior.sees(f"/reviews/{key(review)}/", "What watches what", "Payments", "not watched")
    findings = {"findings": "Payments has no rule at all."}
    assert "missing" in senior.cannot("practice.publish_review", review, **findings)
    gap = senior.does("practice.add_gap", review, component="payments", what="Nobody sees refusals")
    assert "no owner" in senior.cannot("practice.publish_review", review, **findings)
    due = (clock.now().date() + timedelta(days=14)).isoformat()
    senior.does(
        "practice.assign_gap", review, gap=gap["outcome"]["gap"], owner="associate", due=due
    )
    senior.does("practice.publish_review", review, **findings)
    assert "another" in associate.cannot("practice.countersign_review", review, word="Read.")
    other_senior.sees(f"/reviews/{key(review)}/", "Nobody sees refusals", "Countersign")
    other_senior.does("practice.countersign_review", review, word="The gap is real.")
    senior.showed("MO-L3-1", on=review, witness=other_senior)

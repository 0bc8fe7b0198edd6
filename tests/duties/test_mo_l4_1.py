"""MO-L4-1: oversee a comprehensive monitoring strategy across complex systems."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.people.models import House
from watchbill.practice import deputies

pytestmark = pytest.mark.django_db


def test_mo_l4_1(
    senior: Somebody, associate: Somebody, lead: Somebody, other_lead: Somebody, house: House,
    shop: Component, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(deputies, "_providers", [])
    deputies.provides_deputies(lambda area: [other_lead.person] if area == Area.MONITORING else [])
    review = made(lead.does("practice.open_review", house, kind="monitoring"))
    lead.sees(f"/reviews/{key(review)}/", "What watches what", "Shop", "not watched")
    lead.does(
        "practice.add_decision", review, topic="risk", text="The shop is watched by its users.",
        owner="lead", due=(clock.now().date() + timedelta(days=90)).isoformat(),
    )  # fmt: skip
    signing = {"findings": "One component has no rule."}
    assert senior.stands("practice.sign_review", review) == "G"
    assert associate.stands("practice.sign_review", review) == "N"
    senior.asks("practice.sign_review", review, **signing)
    lead.does("practice.sign_review", review, **signing)
    other_lead.sees("/", "countersign")
    other_lead.does("practice.countersign_review", review, word="The risk is named.")
    lead.showed("MO-L4-1", on=review, witness=other_lead)

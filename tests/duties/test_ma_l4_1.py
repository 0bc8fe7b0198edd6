"""MA-L4-1: oversee the maintenance strategy for the whole system."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.lib import clock
from watchbill.people.models import House

pytestmark = pytest.mark.django_db


def test_ma_l4_1(
    senior: Somebody, associate: Somebody, lead: Somebody, owner: Somebody, house: House
) -> None:
    review = made(lead.does("practice.open_review", house, kind="plan"))
    lead.does(
        "practice.add_decision", review, topic="support", text="Leave the old database by May.",
        owner="senior", due=(clock.now().date() + timedelta(days=90)).isoformat(),
    )  # fmt: skip
    signing = {"findings": "One database loses its support."}
    assert lead.stands("practice.sign_review", review) == "A"
    assert senior.stands("practice.sign_review", review) == "G"
    assert associate.stands("practice.sign_review", review) == "N"
    senior.asks("practice.sign_review", review, **signing)
    assert lead.does("practice.sign_review", review, **signing)["area"] == "maintenance"
    owner.sees(f"/reviews/{key(review)}/", "Leave the old database by May.", "end of support")
    owner.does("practice.countersign_review", review, word="The dates hold.")
    lead.showed("MA-L4-1", on=review, witness=owner)

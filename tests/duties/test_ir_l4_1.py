"""IR-L4-1: hold overall responsibility for incident response and give it strategic direction."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.lib import clock
from watchbill.people.models import House

pytestmark = pytest.mark.django_db


def test_ir_l4_1(
    senior: Somebody, associate: Somebody, lead: Somebody, owner: Somebody, house: House
) -> None:
    seat = made(owner.does("seats.appoint", house, area="incident-response", holder=lead.name))
    lead.does("seats.accept_seat", seat)
    scheme = {"title": "Severities", "kind": "process", "area": "incident-response"}
    standard = made(lead.does("standards.start_standard", house, **scheme))
    text = {"text": "Four of them.", "reason": "Nobody knew which was worse."}
    version = made(lead.does("standards.draft_version", standard, **text))
    ways = [who.stands("standards.put_in_force", version) for who in (lead, senior, associate)]
    assert ways == ["A", "G", "N"]
    review = made(lead.does("practice.open_review", house, kind="area", title="The year"))
    signing = {"findings": "Two teams are on watch; nights are thin."}
    lead.cannot("practice.sign_review", review, **signing)
    lead.does(
        "practice.add_decision", review, topic="watches", text="A second person at night.",
        owner="senior", due=(clock.now().date() + timedelta(days=90)).isoformat(),
    )  # fmt: skip
    assert senior.stands("practice.sign_review", review) == "G"
    assert associate.stands("practice.sign_review", review) == "N"
    senior.asks("practice.sign_review", review, **signing)
    lead.does("practice.sign_review", review, **signing)
    lead.cannot("practice.countersign_review", review, word="Mine.")
    senior.cannot("practice.countersign_review", review, word="As a senior.")
    assert not lead.reads("evidence", "lead")["shown"].get("IR-L4-1")
    owner.sees(f"/reviews/{key(review)}/", "A second person at night.", "Countersign")
    owner.does("practice.countersign_review", review, word="Read; the nights matter most.")
    lead.showed("IR-L4-1", on=review, witness=owner)

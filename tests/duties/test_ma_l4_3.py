"""MA-L4-3: publish the maintenance standard as rules that are checked for each component."""

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House
from watchbill.standards import evaluate

pytestmark = pytest.mark.django_db


def test_ma_l4_3(
    lead: Somebody, senior: Somebody, associate: Somebody, shop: Component, house: House
) -> None:
    lead.sees("/standards/", "Begin a standard")
    standard = made(
        lead.does(
            "standards.start_standard", house, title="Ready to be changed", kind="procedure",
            area="maintenance",
        )
    )  # fmt: skip
    version = made(
        lead.does(
            "standards.draft_version", standard, text="Two people know each component.",
            reason="One was on holiday when it broke.",
        )
    )  # fmt: skip
    lead.does("standards.add_check", version, check="owner-has-members")
    lead.does("standards.add_check", version, check="second-person-on-critical-change")
    assert senior.stands("standards.put_in_force", version) == "G"
    senior.asks("standards.put_in_force", version)
    lead.does("standards.put_in_force", version)
    evaluate.tick(clock.now())
    word = {"component": "shop", "word": "It is so."}
    assert "led by the seniors" in associate.cannot("standards.accept_report", version, **word)
    assert lead.shown("MA-L4-3") == []
    senior.does("standards.accept_report", version, **word)
    lead.showed("MA-L4-3", on=version, witness=senior)
    senior.sees(f"/standards/{key(standard)}/", " members", "It is so.")

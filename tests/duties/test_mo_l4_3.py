"""MO-L4-3: publish the monitoring standard as checks that run, and hold a session on it."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House
from watchbill.standards import evaluate

pytestmark = pytest.mark.django_db


def test_mo_l4_3(
    lead: Somebody, senior: Somebody, associate: Somebody, shop: Component, house: House
) -> None:
    lead.sees("/standards/", "Begin a standard")
    standard = made(
        lead.does(
            "standards.start_standard", house, title="What is watched", kind="quality",
            area="monitoring",
        )
    )  # fmt: skip
    version = made(
        lead.does(
            "standards.draft_version", standard, text="Every service has charts.",
            reason="Nobody saw the queue grow.",
        )
    )  # fmt: skip
    assert "no check" in lead.cannot("standards.put_in_force", version)
    lead.does("standards.add_check", version, check="has-chart", given=["at_least=2"])
    assert senior.stands("standards.put_in_force", version) == "G"
    senior.asks("standards.put_in_force", version)
    lead.does("standards.put_in_force", version)
    report = {"component": "shop", "word": "Two charts by Friday."}
    assert "nothing about" in senior.cannot("standards.accept_report", version, **report)
    evaluate.tick(clock.now())
    senior.sees(f"/standards/{key(standard)}/", "0 of 2 charts are set", "Conformance")
    lead.does(
        "standards.hold_session", version, participants=[senior.name, associate.name],
        at=(clock.now() - timedelta(hours=2)).isoformat(), notes="Why two and not one?",
    )  # fmt: skip
    assert lead.shown("MO-L4-3") == []
    senior.does("standards.accept_report", version, **report)
    lead.showed("MO-L4-3", on=version, witness=senior)
    senior.sees("/maintenance/components/shop/", "What is watched", "0 of 2 charts are set")

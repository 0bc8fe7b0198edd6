"""MA-L3-4: guide junior colleagues in maintenance tasks."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, made

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Tier

pytestmark = pytest.mark.django_db


def test_ma_l3_4(
    junior: Somebody, associate: Somebody, other_associate: Somebody, senior: Somebody,
    lead: Somebody, shop: Component,
) -> None:  # fmt: skip
    planned = {"kind": "update", "title": "Newer cache"}
    change = made(associate.does("maintenance.plan_change", shop, **planned))
    asked = junior.asks("maintenance.start_change", change)
    senior.sees("/asks", "Begin")
    done = senior.gives_go_ahead(asked, why="Within the window, with its way back.")
    entry = f"acts.entry:{done['id']}"
    junior.does("practice.debrief", entry, line="I looked for the way back first.")
    assert not senior.shown("MA-L3-4"), "the guide has not looked back"
    senior.does("practice.debrief", entry, line="Next time say it before you begin.")
    senior.showed("MA-L3-4", on=change, witness=junior)

    # To take a junior on is guiding too: an associate waits for a go-ahead.
    plan = {
        "duties": ["MA-L1-2"], "plan": "One fix each week.",
        "until": (clock.now().date() + timedelta(days=30)).isoformat(),
    }  # fmt: skip
    for stakes in (Tier.ROUTINE, Tier.MODERATE):
        Component.objects.update(stakes=stakes)
        associate.asks("practice.start_pairing", junior.person, component="shop", **plan)
    Component.objects.update(stakes=Tier.ROUTINE)
    senior.does("practice.start_pairing", junior.person, component="shop", **plan)

    # Moderate: whoever guides stands at L3; another associate gives no go-ahead.
    risky = made(associate.does("maintenance.plan_change", shop, risk="moderate", **planned))
    asked = associate.asks("maintenance.start_change", risky)
    answer = other_associate.client.post(
        f"/api/v1/asks/{asked['id']}/answer", {"word": "go-ahead"}, content_type="application/json"
    )
    assert answer.status_code == 409
    assert "somebody who may do this alone" in str(answer.json()["error"])
    done = lead.gives_go_ahead(asked)
    associate.does("practice.debrief", f"acts.entry:{done['id']}", line="Slower, it was surer.")
    lead.does("practice.debrief", f"acts.entry:{done['id']}", line="It was.")
    lead.showed("MA-L3-4", on=risky, witness=associate)

"""MA-L3-2: analyse and address complex issues that need deep technical understanding."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.lib import clock

pytestmark = pytest.mark.django_db


def test_ma_l3_2(
    associate: Somebody, senior: Somebody, other_senior: Somebody, payments: Component
) -> None:
    opened = made(
        senior.does(
            "investigations.open_investigation", payments, title="Why does it leak?",
            area="maintenance",
        )
    )  # fmt: skip
    senior.does("investigations.lead_as_complex", opened, because="The leak is below the library.")
    associate.does("investigations.add_finding", opened, text="It grows with each reload")
    given = {"causes": ["Reload keeps the old pool", "No limit"], "impact": "A restart each week"}
    assert associate.stands("investigations.publish_analysis", opened) == "G"
    senior.does("investigations.publish_analysis", opened, **given)
    now = clock.now()
    change = made(
        senior.does(
            "maintenance.plan_change", payments, title="Free the pool on reload", kind="fix",
            backout="The version before", starts=now.isoformat(),
            ends=(now + timedelta(hours=1)).isoformat(),
        )
    )  # fmt: skip
    assert associate.stands("maintenance.start_change", change) == "G"
    senior.does("investigations.settle_with", opened, change=key(change), days=14)
    other_senior.gives_go_ahead(senior.asks("maintenance.start_change", change))
    other_senior.gives_go_ahead(
        senior.asks("maintenance.complete_change", change, outcome="Memory stays flat.")
    )
    page = f"/investigations/{key(opened)}/"
    senior.sees(page, "Free the pool on reload", "It must stay away until")
    saw = {"saw": "Memory is flat over all reloads."}
    assert "window" in other_senior.cannot("investigations.confirm_settled", opened, **saw)
    clock.shift(timedelta(days=15))
    assert associate.stands("investigations.confirm_settled", opened) == "N"
    other_senior.sees(page, "did it come back?", "Confirm that it is settled")
    other_senior.does("investigations.confirm_settled", opened, **saw)
    senior.showed("MA-L3-2", on=opened, witness=other_senior)
    senior.sees(page, "did not come back in 14 days")

"""MO-L3-2: analyse complex data to identify anomalies and patterns proactively."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.investigations import freeze
from watchbill.lib import clock
from watchbill.prometheus import Series

pytestmark = pytest.mark.django_db


def test_mo_l3_2(
    associate: Somebody, senior: Somebody, other_senior: Somebody, payments: Component
) -> None:
    opened = made(
        senior.does(
            "investigations.open_investigation", payments, title="What grows by night?",
            area="monitoring",
        )
    )  # fmt: skip
    senior.sees("/investigations/?area=monitoring", "What grows by night?")
    given = {
        "query": "queue_length", "start": (clock.now() - timedelta(days=7)).isoformat(),
        "pattern": "It grows by 5 % each night", "claim": "It overflows in nine days",
    }  # fmt: skip
    assert associate.stands("investigations.publish_pattern", opened) == "G"
    associate.asks("investigations.publish_pattern", opened, **given)
    analysis = made(senior.does("investigations.publish_pattern", opened, **given))
    said = other_senior.cannot("investigations.accept_analysis", analysis, why="The slope is right")
    assert "not kept yet" in said
    freeze.tick(clock.now(), lambda *asked: [Series({}, [(1.0, 2.0), (2.0, 3.0)])])
    other_senior.sees(
        f"/investigations/{key(opened)}/", "It overflows in nine days", "queue_length", "Accept"
    )
    other_senior.does("investigations.accept_analysis", analysis, why="The slope is right.")
    senior.showed("MO-L3-2", on=analysis, witness=other_senior)
    assert senior.reads("analyses", key(analysis))["frozen"][0]["values"] == [[1, "2"], [2, "3"]]

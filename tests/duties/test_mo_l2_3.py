"""MO-L2-3: investigate and resolve issues in collaboration with colleagues."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.lib import clock

pytestmark = pytest.mark.django_db


def test_mo_l2_3(
    junior: Somebody, associate: Somebody, other_associate: Somebody, shop: Component
) -> None:
    since = (clock.now() - timedelta(minutes=10)).isoformat()
    report = made(junior.does("monitoring.report_anomaly", shop, what="A step", start=since))
    opened = made(
        other_associate.does("investigations.open_investigation", report, title="Why a step?")
    )
    other_associate.sees(f"/monitoring/reports/{key(report)}/", "Why a step?")
    cause = made(other_associate.does("investigations.propose", opened, text="A label was added"))
    part = made(other_associate.does("investigations.add_part", opened, text="Compare the labels"))

    # One below: taking a part waits for a go-ahead, findings are free.
    assert junior.stands("investigations.take_part", part) == "G"
    assert junior.stands("investigations.add_finding", cause) == "A"
    junior.asks("investigations.take_part", part)
    junior.does("investigations.add_finding", cause, text="It began at ten")

    associate.sees(f"/investigations/{key(opened)}/", "Compare the labels", "nobody yet")
    associate.does("investigations.take_part", part)
    finding = made(
        associate.does("investigations.add_finding", cause, text="Twice the series since ten")
    )
    associate.does("investigations.finish_part", part, result="The label zone is new.")
    other_associate.does("investigations.judge_finding", finding, says="supports")
    other_associate.does(
        "investigations.settle_hypothesis", cause, verdict="supported", because="It fits."
    )
    for step in range(1, 8):
        other_associate.does("investigations.tick_step", opened, step=step, found="Looked at.")
    other_associate.does(
        "investigations.close", opened, conclusion="confirmed", answer="The label zone was added."
    )
    associate.showed("MO-L2-3", on=opened, witness=other_associate)
    associate.sees(f"/investigations/{key(opened)}/", "The label zone was added.", "contributes")
    assert junior.reads("evidence", junior.name)["shown"].get("MO-L2-3", []) == []

"""IR-L4-2: oversee investigations so that every incident is comprehensively understood."""

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.investigations.completeness import COMPLETE

pytestmark = pytest.mark.django_db


def test_ir_l4_2(
    junior: Somebody, senior: Somebody, other_senior: Somebody,
    lead: Somebody, other_lead: Somebody,
    payments: Component,
) -> None:  # fmt: skip
    incident = made(junior.does("incidents.declare", payments, title="Down", severity="sev1"))
    opened = made(senior.does("investigations.open_investigation", incident, title="Why?"))
    given = {"causes": ["A full disk", "No alert on it"], "impact": "Everybody, 20 minutes"}
    analysis = made(senior.does("investigations.publish_analysis", opened, **given))
    lead.sees(f"/investigations/{key(opened)}/", "A full disk", "Oversee")
    there = [key for key in COMPLETE if key != "impact"]
    lead.does(
        "investigations.oversee_analysis", analysis, complete=there, verdict="returned",
        why="The impact is a guess: count the payments that failed.",
    )  # fmt: skip
    senior.sees(f"/investigations/{key(opened)}/", "count the payments", "Take note")
    senior.does("investigations.take_note", analysis, word="I count them from the journal.")
    lead.showed("IR-L4-2", on=analysis, witness=senior)

    # Another that is complete is accepted; one below needs a go-ahead.
    second = made(senior.does("investigations.publish_analysis", opened, **given))
    assert other_senior.stands("investigations.oversee_analysis", second) == "G"
    asked = other_senior.asks(
        "investigations.oversee_analysis", second,
        complete=list(COMPLETE), verdict="accepted", why="All of it is there now.",
    )  # fmt: skip
    other_lead.gives_go_ahead(asked)
    senior.does("investigations.take_note", second, word="Thank you.")
    other_senior.showed("IR-L4-2", on=second, witness=senior)

"""IR-L3-2: lead investigations into complex incidents, to root causes and broader impact."""

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db

CAUSES = ["A retry without a limit", "No alert on the length of the queue"]


def test_ir_l3_2(
    junior: Somebody, associate: Somebody, senior: Somebody, other_senior: Somebody,
    shop: Component, payments: Component,
) -> None:  # fmt: skip
    incident = made(
        junior.does("incidents.declare", payments, title="Payments hang", severity="sev1")
    )
    opened = made(
        associate.does("investigations.open_investigation", incident, title="Why do they hang?")
    )
    assert associate.stands("investigations.lead_as_complex", opened) == "G"
    senior.does("investigations.lead_as_complex", opened, because="Two services feed each other.")
    assert associate.stands("investigations.publish_analysis", opened) == "G"
    given = {"causes": CAUSES, "impact": "4 % of payments for 40 minutes", "affected": ["shop"]}
    said = senior.cannot("investigations.publish_analysis", opened, **given)
    assert "Only one person" in said
    associate.does("investigations.add_finding", opened, text="The queue grew from 11:58 on")
    analysis = made(senior.does("investigations.publish_analysis", opened, **given))
    other_senior.sees(
        f"/investigations/{key(opened)}/",
        CAUSES[0],
        CAUSES[1],
        "4 % of payments",
        "complex",
        "Accept",
    )
    assert associate.stands("investigations.accept_analysis", analysis) == "N"
    other_senior.does("investigations.accept_analysis", analysis, why="Both causes fit the graphs.")
    senior.showed("IR-L3-2", on=analysis, witness=other_senior)

    # One below: publishing waits for a go-ahead.
    theirs = made(
        associate.does("investigations.open_investigation", incident, title="What else hung?")
    )
    asked = associate.asks("investigations.publish_analysis", theirs, **given)
    other_senior.gives_go_ahead(asked)
    asked = associate.asks("investigations.lead_as_complex", theirs, because="It spreads.")
    other_senior.gives_go_ahead(asked)

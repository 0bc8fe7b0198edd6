"""IR-L3-4: contribute to how incidents are handled with positions that rest on incidents."""

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.people.models import House

pytestmark = pytest.mark.django_db


def test_ir_l3_4(
    associate: Somebody,
    senior: Somebody,
    other_senior: Somebody,
    lead: Somebody,
    shop: Component,
    house: House,
) -> None:
    proposal = made(
        associate.does(
            "proposals.propose", house, kind="process", area="incident-response",
            title="Name the next lead early", text="A long incident needs a second lead.",
        )
    )  # fmt: skip
    incident = made(
        senior.does("incidents.declare", shop, title="Nothing is sold", severity="sev3")
    )
    senior.sees(f"/proposals/{key(proposal)}/", "Take a position")
    assert associate.stands("proposals.take_position", proposal) == "A", "everybody argues"
    senior.does(
        "proposals.take_position", proposal, stance="for", links=[incident],
        text="The lead was awake for eleven hours.",
    )  # fmt: skip
    other_senior.does(
        "proposals.take_position", proposal, stance="against", text="It is one name more."
    )
    senior.sees("/incidents/", "Nothing is sold")
    taken = {one["by"]: one for one in senior.reads("proposals", key(proposal))["positions"]}
    assert taken[senior.name]["links"] == [incident]
    cites = [one["id"] for one in taken.values()]
    lead.does("proposals.decide", proposal, decision="accepted", why="It happened.", cites=cites)
    senior.showed("IR-L3-4", on=proposal, witness=lead)
    assert other_senior.shown("IR-L3-4") == [], "their position rests on no incident"
    senior.sees(f"/proposals/{key(proposal)}/", "cited", "It happened.")

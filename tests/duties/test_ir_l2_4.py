"""IR-L2-4: document the incident and the actions taken, for future reference."""

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db


def test_ir_l2_4(
    junior: Somebody, associate: Somebody, other_associate: Somebody, senior: Somebody,
    shop: Component,
) -> None:  # fmt: skip
    incident = made(
        junior.does("incidents.declare", shop, title="Checkout fails", impact="One in ten fails.")
    )
    page = f"/incidents/{key(incident)}/record/"
    senior.does("incidents.take_lead", incident)
    associate.does("incidents.take_seat", incident)
    senior.does("incidents.mitigate", incident, by_what="the old version")
    senior.does("incidents.resolve", incident, what_ended_it="The old version is back.")
    associate.sees(page, "One in ten fails.", "started to mitigate: the old version", "draft")

    written = {"impact": "One in ten checkouts failed for an hour.", "actions": "Rolled it back."}
    said = associate.cannot("incidents.publish_record", incident, **written)
    assert "cause is missing" in said
    cause = "A limit was not carried over to the new version."
    assert junior.stands("incidents.publish_record", incident) == "G"
    junior.asks("incidents.publish_record", incident, cause=cause, **written)
    record = made(associate.does("incidents.publish_record", incident, cause=cause, **written))
    associate.sees(page, cause, "version 1")
    assert "own record" in associate.cannot("incidents.accept_record", record)
    assert "held a seat" in other_associate.cannot("incidents.accept_record", record)
    senior.sees(page, "Accept")
    senior.does("incidents.accept_record", record)
    associate.showed("IR-L2-4", on=incident, witness=senior)
    senior.does("incidents.close", incident)
    kept = senior.reads("records", key(record))
    assert (kept["version"], kept["accepted_by"]) == (1, senior.name)
    assert "Checkout fails" in kept["timeline"][0]["what"]

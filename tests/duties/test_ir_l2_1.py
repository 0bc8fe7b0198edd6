"""IR-L2-1: collaborate in the response as an active member of the team."""

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db


def test_ir_l2_1(
    junior: Somebody, associate: Somebody, other_associate: Somebody, senior: Somebody,
    shop: Component,
) -> None:  # fmt: skip
    associate.sees("/incidents/", "Incidents")
    incident = made(junior.does("incidents.declare", shop, title="Slow", severity="sev2"))
    senior.does("incidents.take_lead", incident)
    task = made(senior.does("incidents.add_task", incident, text="Empty the queue"))
    assert "no seat" in associate.cannot("incidents.take_task", task)

    associate.does("incidents.take_seat", incident)
    other_associate.does("incidents.take_seat", incident)
    associate.does("incidents.take_task", task)
    associate.sees(f"/incidents/{key(incident)}/", "Board", "Empty the queue")
    associate.does("incidents.finish_task", task, outcome="It is empty since 14:02.")
    senior.does("incidents.resolve", incident, what_ended_it="The queue is empty.")
    assert not associate.shown("IR-L2-1"), "the lead has not closed it yet"
    senior.does("incidents.close", incident)
    associate.showed("IR-L2-1", on=incident, witness=senior)
    assert not other_associate.shown("IR-L2-1"), "a seat alone sees nothing through"

    other = made(junior.does("incidents.declare", shop, title="Slow again"))
    assert associate.stands("incidents.take_seat", other) == "A"
    assert junior.stands("incidents.take_seat", other) == "G"
    open_task = made(senior.does("incidents.add_task", other, text="Look at the queue"))
    assert junior.stands("incidents.take_task", open_task) == "G"
    junior.asks("incidents.take_seat", other)

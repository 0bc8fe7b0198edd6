"""IR-L1-1: take part in incident response, guided by a more experienced colleague."""

import pytest
from tests.duties.door import Somebody, made

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db


def test_ir_l1_1(junior: Somebody, associate: Somebody, senior: Somebody, shop: Component) -> None:
    junior.sees("/incidents/", "Incidents")
    incident = made(senior.does("incidents.declare", shop, title="Slow", severity="sev4"))
    room = f"/incidents/{incident.partition(':')[2]}/"
    senior.does("incidents.take_lead", incident)
    assert junior.stands("incidents.join_under_instruction", incident) == "A"
    assert junior.stands("incidents.take_seat", incident) == "G"

    seat = made(junior.does("incidents.join_under_instruction", incident))
    senior.sees(room, "waits for a guide", "Be the guide")
    associate.asks("incidents.accept_learner", seat)  # to guide is a senior's
    senior.does("incidents.accept_learner", seat)
    junior.does("incidents.note", incident, text="The queue grows since the backup began.")
    assert "not over yet" in senior.cannot("practice.debrief", seat, line="Well seen.")

    senior.does("incidents.resolve", incident, what_ended_it="The backup ended.")
    senior.does("incidents.close", incident)
    junior.sees(room, "Was under instruction", "Look back")
    senior.does("practice.debrief", seat, line="Saw the queue before the chart showed it.")
    junior.showed("IR-L1-1", on=seat, witness=senior)
    junior.does("practice.debrief", seat, line="I know now where to look first.")
    senior.showed("IR-L3-3", on=seat, witness=junior)
    assert len(junior.shown("IR-L1-1")) == 1

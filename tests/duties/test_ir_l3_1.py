"""IR-L3-1: lead the response and coordinate the team's efforts."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.lib import clock

pytestmark = pytest.mark.django_db
HALF = timedelta(minutes=20)  # less than the cadence of SEV 2, which is 30 minutes


def test_ir_l3_1(
    junior: Somebody, associate: Somebody, senior: Somebody, other_senior: Somebody,
    payments: Component,
) -> None:  # fmt: skip
    senior.sees("/incidents/", "Incidents")
    for severity in ("sev4", "sev2"):  # routine and critical
        incident = made(junior.does("incidents.declare", payments, title="Down", severity=severity))
        assert senior.stands("incidents.take_lead", incident) == "A"
        assert associate.stands("incidents.take_lead", incident) == "G"
        associate.asks("incidents.take_lead", incident)
        assert junior.stands("incidents.take_lead", incident) == "N"

    senior.does("incidents.take_lead", incident)
    associate.does("incidents.take_seat", incident)
    task = made(senior.does("incidents.add_task", incident, text="Ask the bank"))
    senior.does("incidents.assign_task", incident, task=int(key(task)), person=associate.name)
    clock.shift(HALF)
    senior.does("incidents.post_update", incident, text="The bank is asked.")
    clock.shift(HALF)
    senior.does("incidents.post_update", incident, text="The bank answers again.")
    senior.does("incidents.resolve", incident, what_ended_it="Payments go through.")
    assert "not closed" in associate.cannot("incidents.look_back", incident, line="Calm.")
    senior.does("incidents.close", incident)

    associate.sees(f"/incidents/{key(incident)}/", "led until the end", "Look back")
    assert "responded" in other_senior.cannot("incidents.look_back", incident, line="Calm.")
    associate.does("incidents.look_back", incident, line="I always knew what was mine to do.")
    senior.showed("IR-L3-1", on=incident, witness=associate)

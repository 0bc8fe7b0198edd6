"""IR-L4-3: agree with another team, in an incident, who does what by when."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.lib import clock

pytestmark = pytest.mark.django_db


def test_ir_l4_3(
    lead: Somebody, senior: Somebody, neighbour: Somebody, payments: Component
) -> None:
    incident = made(
        senior.does("incidents.declare", payments, title="Cards are refused", severity="sev1")
    )
    room = f"/incidents/{key(incident)}/"
    lead.sees(room, "Agree with another team")
    due = (clock.now() + timedelta(minutes=30)).isoformat()
    terms = {"team": "platform", "what": "Platform raises the limit; we stop retries.", "due": due}
    assert senior.stands("commitments.make", incident) == "G"
    senior.asks("commitments.make", incident, **terms)
    commitment = made(lead.does("commitments.make", incident, **terms))
    neighbour.sees("/commitments/", "wait", "Platform raises the limit")
    page = f"/commitments/{key(commitment)}/"
    neighbour.sees(page, "Answer: go or no-go")
    neighbour.does("commitments.acknowledge", commitment, answer="go")
    lead.does("commitments.close", commitment, result="kept", outcome="It held within 20 minutes.")
    assert lead.shown("IR-L4-3") == [], "the other side has not said so yet"
    neighbour.does("commitments.confirm_outcome", commitment, word="As agreed.")
    lead.showed("IR-L4-3", on=commitment, witness=neighbour)
    lead.sees(page, "As agreed.", "without a surprise")
    lead.sees(room, "Platform raises the limit")

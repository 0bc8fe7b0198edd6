"""IR-L4-4: put a new version of a process in force, or automate a step of it."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House
from watchbill.prometheus import Sample
from watchbill.runbooks.models import Runbook
from watchbill.standards import evaluate

pytestmark = pytest.mark.django_db


def read(value: float) -> None:
    """The work process reads the measure."""
    evaluate.read_measures(clock.now(), lambda query, at=None: [Sample({}, 0, value)])


def test_ir_l4_4(
    lead: Somebody, senior: Somebody, other_senior: Somebody, shop: Component, house: House
) -> None:
    lead.sees("/standards/", "Begin a standard")
    standard = made(
        lead.does(
            "standards.start_standard", house, title="First update", kind="process",
            area="incident-response",
        )
    )  # fmt: skip
    runbook = Runbook.objects.create(slug="tell", title="Tell everybody", area="incident-response")
    terms = {
        "step": "Copying the first update to the status page", "automated_by": runbook.ref,
        "text": "The update is posted once.", "reason": "Users heard nothing for an hour.",
        "query": "avg(minutes_to_first_update)",
    }  # fmt: skip
    assert senior.stands("standards.automate_step", standard) == "G"
    senior.asks("standards.automate_step", standard, **terms)
    version = made(lead.does("standards.automate_step", standard, **terms))
    assert "not read yet" in lead.cannot("standards.put_in_force", version)
    read(41)
    assert senior.stands("standards.put_in_force", version) == "G"
    senior.asks("standards.put_in_force", version)
    lead.does("standards.put_in_force", version)
    page = f"/standards/{key(standard)}/"
    lead.sees(page, "holds since", "41", "Tell everybody")

    said = {"effect": "as-hoped", "why": "From 41 minutes to 9."}
    clock.shift(timedelta(days=29))
    read(12)
    assert "read again" in other_senior.cannot("standards.confirm_effect", version, **said)
    clock.shift(timedelta(days=2))
    read(9)
    assert "Somebody else" in lead.cannot("standards.confirm_effect", version, **said)
    assert lead.shown("IR-L4-4") == []
    other_senior.does("standards.confirm_effect", version, **said)
    lead.showed("IR-L4-4", on=version, witness=other_senior)
    lead.sees(page, "as hoped", "From 41 minutes to 9.")

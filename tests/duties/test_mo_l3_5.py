"""MO-L3-5: mentor junior colleagues in effective monitoring."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.lib import clock

pytestmark = pytest.mark.django_db


def test_mo_l3_5(junior: Somebody, associate: Somebody, senior: Somebody, shop: Component) -> None:
    plan = {
        "duties": ["MO-L1-3"], "plan": "Read the charts each morning.",
        "until": (clock.now().date() + timedelta(days=30)).isoformat(),
    }  # fmt: skip
    learner = junior.person
    senior.sees("/pairings/", "No pairings yet")
    assert senior.stands("practice.start_pairing", learner) == "A"
    assert associate.stands("practice.start_pairing", learner) == "G"
    associate.asks("practice.start_pairing", learner, **plan)
    Component.objects.update(stakes=1)  # on a moderate component it is the same
    associate.asks("practice.start_pairing", learner, component="shop", **plan)
    pairing = made(senior.does("practice.start_pairing", learner, component="shop", **plan))
    senior.cannot("practice.debrief", pairing, line="Too early.")
    junior.does("practice.note_session", pairing, text="We read the checkout's charts.")
    since = (clock.now() - timedelta(minutes=10)).isoformat()
    report = made(junior.does("monitoring.report_anomaly", shop, what="Slow", start=since))
    associate.does("monitoring.triage", report, answer="real", because="The pool is full.")
    senior.does("practice.debrief", pairing, line="Sees steps at once.")
    assert not senior.reads("evidence", "senior")["shown"].get("MO-L3-5")
    junior.sees(f"/pairings/{key(pairing)}/", "We read the checkout&#x27;s charts.", "MO-L1-3")
    junior.does("practice.debrief", pairing, line="I know now what usual looks like.")
    senior.showed("MO-L3-5", on=pairing, witness=junior)

"""MO-L1-3: report anomalies and errors to a more experienced colleague."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.lib import clock

pytestmark = pytest.mark.django_db


def test_mo_l1_3(junior: Somebody, associate: Somebody, shop: Component) -> None:
    junior.sees("/monitoring/explore/", "Explore")
    since = (clock.now() - timedelta(minutes=10)).isoformat()
    report = made(junior.does("monitoring.report_anomaly", shop, what="Slow", start=since))
    associate.sees(f"/monitoring/reports/{key(report)}", "Slow")
    associate.does("monitoring.triage", report, answer="noise", because="The backup runs then.")
    junior.showed("MO-L1-3", on=report, witness=associate)

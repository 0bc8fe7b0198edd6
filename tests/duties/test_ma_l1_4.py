"""MA-L1-4: report progress and outcomes to a more experienced colleague."""

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db


def test_ma_l1_4(junior: Somebody, associate: Somebody, shop: Component) -> None:
    change = made(associate.does("maintenance.plan_change", shop, title="Bump it", kind="update"))
    assert junior.stands("maintenance.record_progress", change) == "A"
    page = f"/maintenance/changes/{key(change)}/"
    junior.sees(page, "Report progress")
    report = made(
        junior.does("maintenance.record_progress", change, text="Half.", to=associate.name)
    )
    associate.sees("/maintenance/", "Reported to you", "Half.")
    associate.does("maintenance.acknowledge_report", report, word="Go on.")
    junior.sees(page, "acknowledged by")
    junior.showed("MA-L1-4", on=change, witness=associate)

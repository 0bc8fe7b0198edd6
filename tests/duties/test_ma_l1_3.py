"""MA-L1-3: follow the established guidelines and procedures when making changes."""

import pytest
from tests.duties.door import Somebody, key, made
from tests.duties.procedures import answering, of_maintenance

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House
from watchbill.runbooks import execute

pytestmark = pytest.mark.django_db


def test_ma_l1_3(junior: Somebody, associate: Somebody, senior: Somebody, shop: Component) -> None:
    junior.sees("/maintenance/", "Maintenance")
    senior.does("runbooks.publish", House.get(), text=of_maintenance())
    change = made(
        associate.does(
            "maintenance.plan_change", shop, title="Newer cache", kind="update",
            procedure="see-and-check",
        )
    )  # fmt: skip
    associate.does("maintenance.start_change", change)
    run = made(junior.does("runbooks.start_run", change, runbook="see-and-check"))
    assert junior.stands("runbooks.run_step", run, step=1) == "G"
    asked = junior.asks("runbooks.skip_step", run, step=1, reason="The queue is being rebuilt.")
    associate.sees(f"/runs/{key(run)}/", "The queue is being rebuilt.")
    associate.gives_go_ahead(asked)
    associate.gives_go_ahead(junior.asks("runbooks.run_step", run, step=2))
    execute.tick(clock.now(), answering(0.0))
    assert not junior.shown("MA-L1-3"), "the check failed: the procedure has not ended"
    associate.gives_go_ahead(junior.asks("runbooks.run_step", run, step=2))
    execute.tick(clock.now(), answering(1.0))
    assert junior.reads("runs", key(run))["state"] == "finished"
    junior.showed("MA-L1-3", on=run, witness=associate)
    assert not junior.shown("IR-L1-3"), "a change is no incident"

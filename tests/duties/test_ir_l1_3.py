"""IR-L1-3: execute the predefined steps of a runbook that mitigate and resolve incidents."""

import pytest
from tests.duties.door import Somebody, key, made
from tests.duties.procedures import SEE_AND_CHECK, answering

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House
from watchbill.runbooks import execute

pytestmark = pytest.mark.django_db


def test_ir_l1_3(junior: Somebody, associate: Somebody, senior: Somebody, shop: Component) -> None:
    junior.sees("/runbooks/", "Runbooks")
    senior.does("runbooks.publish", House.get(), text=SEE_AND_CHECK)
    incident = made(junior.does("incidents.declare", shop, title="Slow", severity="sev4"))
    run = made(junior.does("runbooks.start_run", incident, runbook="see-and-check"))

    assert junior.stands("runbooks.run_step", run, step=1) == "G"
    asked = junior.asks("runbooks.run_step", run, step=1)
    associate.sees(f"/runs/{key(run)}/", "The queue is short")
    associate.gives_go_ahead(asked)
    junior.showed("IR-L1-3", on=run, witness=associate)

    elsewhere = made(junior.does("runbooks.start_run", incident, runbook="see-and-check"))
    associate.does("runbooks.run_step", elsewhere, step=1)
    assert not associate.shown("IR-L1-3"), "what is done alone is no guided step"
    asked = junior.asks("runbooks.run_step", elsewhere, step=2)
    associate.gives_go_ahead(asked)
    assert [row["on"] for row in junior.shown("IR-L1-3")] == [run], "its result is not known yet"
    execute.tick(clock.now(), answering(0.0))
    junior.sees(f"/runs/{key(elsewhere)}/", "does not hold")
    junior.showed("IR-L1-3", on=elsewhere, witness=associate)

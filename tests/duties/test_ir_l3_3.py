"""IR-L3-3: guide less experienced colleagues through troubleshooting and resolution."""

import pytest
from tests.duties.door import Somebody, key, made
from tests.duties.procedures import SEE_AND_CHECK

from watchbill.catalog.models import Component
from watchbill.people.models import House

pytestmark = pytest.mark.django_db


def test_ir_l3_3(junior: Somebody, associate: Somebody, senior: Somebody, shop: Component) -> None:
    senior.does("runbooks.publish", House.get(), text=SEE_AND_CHECK)
    for severity in ("sev3", "sev4"):  # moderate and routine
        incident = made(junior.does("incidents.declare", shop, title="Slow", severity=severity))
        seat = made(junior.does("incidents.join_under_instruction", incident))
        assert senior.stands("incidents.accept_learner", seat) == "A"
        assert associate.stands("incidents.accept_learner", seat) == "G"
        associate.asks("incidents.accept_learner", seat)
    senior.does("incidents.accept_learner", seat)

    run = made(junior.does("runbooks.start_run", incident, runbook="see-and-check"))
    asked = junior.asks("runbooks.run_step", run, step=1)
    senior.sees("/asks", "See and check", "The queue is short.")
    done = senior.gives_go_ahead(asked, why="Read the number out first.")
    junior.sees(f"/runs/{key(run)}/", "Debrief")
    entry = f"acts.entry:{done['id']}"
    senior.does("practice.debrief", entry, line="Read it out, then confirmed: as it should be.")
    assert not senior.shown("IR-L3-3"), "the learner has not said what it gave them"
    junior.does("practice.debrief", entry, line="I know what a long queue looks like.")
    senior.showed("IR-L3-3", on=run, witness=junior)

"""MA-L3-5: drive the improvement of maintenance processes and practices."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, made
from tests.duties.procedures import answering, of_maintenance

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House
from watchbill.runbooks import effect, execute

pytestmark = pytest.mark.django_db


def test_ma_l3_5(junior: Somebody, associate: Somebody, senior: Somebody, shop: Component) -> None:
    senior.sees("/runbooks/", "Runbooks")
    house = House.get()
    assert senior.stands("runbooks.publish", house, text=of_maintenance()) == "A"
    assert associate.stands("runbooks.publish", house, text=of_maintenance()) == "G"
    associate.asks("runbooks.publish", house, text=of_maintenance())
    assert junior.stands("runbooks.publish", house, text=of_maintenance()) == "N"

    senior.does("runbooks.publish", house, text=of_maintenance())
    better = of_maintenance().replace("The queue is short.", "The queue holds less than ten.")
    senior.does(
        "runbooks.publish", house, text=better, expected="Fewer changes are backed out",
        measure="sum(backed_out_changes)",
    )  # fmt: skip
    effect.tick(clock.now(), answering(6))
    version = str(senior.reads("runbooks", "see-and-check")["version_ref"])
    assert "not read again" in associate.cannot("runbooks.confirm_version", version, line="Good.")

    run = made(associate.does("runbooks.start_run", shop, runbook="see-and-check"))
    associate.does("runbooks.run_step", run, step=1)
    associate.does("runbooks.run_step", run, step=2)
    execute.tick(clock.now(), answering(1))
    clock.shift(effect.READ_AGAIN + timedelta(minutes=1))
    effect.tick(clock.now(), answering(2))
    associate.sees("/runbooks/see-and-check/", "Fewer changes are backed out", "Confirm")
    assert "own version" in senior.cannot("runbooks.confirm_version", version, line="Good.")
    assert "worked by" in junior.cannot("runbooks.confirm_version", version, line="Good.")
    associate.does("runbooks.confirm_version", version, line="A number is surer than “short”.")
    senior.showed("MA-L3-5", on=version, witness=associate)

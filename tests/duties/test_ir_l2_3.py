"""IR-L2-3: help implement solutions or workarounds so that service is restored quickly."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made
from tests.duties.procedures import answering

from watchbill.catalog.models import Component
from watchbill.incidents import measure
from watchbill.lib import clock

pytestmark = pytest.mark.django_db


def test_ir_l2_3(junior: Somebody, associate: Somebody, senior: Somebody, shop: Component) -> None:
    associate.sees("/incidents/", "Incidents")
    listed = made(
        senior.does("incidents.list_workaround", shop, title="Serve from the cache", how="Set it.")
    )
    incident = made(junior.does("incidents.declare", shop, title="Slow", severity="sev3"))
    senior.does("incidents.take_lead", incident)
    associate.sees(f"/incidents/{key(incident)}/", "Serve from the cache", "Apply")

    act, errors = "incidents.apply_fix", "sum(rate(errors_total[5m]))"
    workaround = int(key(listed))
    assert associate.stands(act, incident, workaround=workaround) == "A"
    assert associate.stands(act, incident, what="Restart all") == "G"
    assert junior.stands(act, incident, workaround=workaround) == "G"
    assert junior.stands(act, incident, what="Restart all") == "N"
    junior.asks(act, incident, workaround=workaround, measure=errors)
    junior.may_not(act, incident, what="Restart all", measure=errors)

    helped = made(associate.does(act, incident, workaround=workaround, measure=errors))
    measure.tick(clock.now(), answering(12.5))
    early = {"fix": int(key(helped)), "verdict": "helped", "because": "It seems so."}
    assert "not read again" in senior.cannot("incidents.judge_fix", incident, **early)
    clock.shift(measure.SETTLES + timedelta(seconds=1))
    measure.tick(clock.now(), answering(0.2))
    associate.sees(f"/incidents/{key(incident)}/", "12.5 → 0.2")
    because = "Errors fell to a fiftieth."
    senior.does(
        "incidents.judge_fix", incident, fix=int(key(helped)), verdict="helped", because=because
    )
    associate.showed("IR-L2-3", on=helped, witness=senior)

    asked = associate.asks(act, incident, what="Restart all", measure=errors)
    did_not = made(senior.gives_go_ahead(asked))
    clock.shift(measure.SETTLES + timedelta(seconds=1))
    measure.tick(clock.now(), answering(0.2))
    senior.does(
        "incidents.judge_fix", incident, fix=int(key(did_not)), verdict="did-not-help",
        because="Nothing moved.",
    )  # fmt: skip
    associate.showed("IR-L2-3", on=did_not, witness=senior)

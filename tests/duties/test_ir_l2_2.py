"""IR-L2-2: investigate and troubleshoot independently, by the established protocol."""

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db


def test_ir_l2_2(
    junior: Somebody, associate: Somebody, senior: Somebody, shop: Component, payments: Component
) -> None:
    incident = made(
        junior.does("incidents.declare", payments, title="Payments fail", severity="sev1")
    )
    associate.sees("/investigations/", "Nothing is being investigated")
    opened = made(
        associate.does("investigations.open_investigation", incident, title="Why do they fail?")
    )
    cause = made(associate.does("investigations.propose", opened, text="The certificate expired"))
    associate.does(
        "investigations.test_hypothesis", cause,
        expected="openssl names a date that is past", saw="notAfter was today at 02:00",
        says="supports",
    )  # fmt: skip
    associate.does(
        "investigations.settle_hypothesis", cause,
        verdict="supported", because="The date fits to the minute.",
    )  # fmt: skip
    steps = associate.reads("investigations", key(opened))["steps"]
    assert len(steps) == 7
    for step in steps:
        associate.does("investigations.tick_step", opened, step=step["step"], found="As written.")
    associate.does(
        "investigations.close", opened, conclusion="confirmed",
        answer="The certificate had expired at 02:00 UTC.",
    )  # fmt: skip
    senior.sees(f"/investigations/{key(opened)}/", "Closed: cause confirmed", "I read it")
    senior.does("investigations.confirm_reading", opened, word="The date is in the log.")
    associate.showed("IR-L2-2", on=opened, witness=senior)

    # One below: with a go-ahead, at every severity.
    assert junior.stands("investigations.open_investigation", incident) == "G"
    small = made(junior.does("incidents.declare", shop, title="A typo", severity="sev4"))
    assert junior.stands("investigations.open_investigation", small) == "G"
    junior.asks("investigations.open_investigation", small, title="Where does it come from?")

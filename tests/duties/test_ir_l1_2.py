"""IR-L1-2: assist the investigation with relevant information."""

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db


def test_ir_l1_2(junior: Somebody, associate: Somebody, shop: Component) -> None:
    incident = made(
        junior.does("incidents.declare", shop, title="The shop is slow", severity="sev4")
    )
    opened = made(
        associate.does("investigations.open_investigation", incident, title="Why is it slow?")
    )
    associate.sees(f"/incidents/{key(incident)}/", "Why is it slow?")
    junior.sees(f"/investigations/{key(opened)}/", "No hypothesis yet", "Propose a hypothesis")
    cause = made(associate.does("investigations.propose", opened, text="The pool is too small"))
    finding = made(
        junior.does(
            "investigations.add_finding", cause, text="The pool was full all the time",
            log="12:00:01 pool exhausted", reference="catalog.component:shop",
        )
    )  # fmt: skip
    junior.sees(f"/investigations/{key(opened)}/", "pool exhausted", "not judged")
    associate.does("investigations.judge_finding", finding, says="supports", word="That is it.")
    junior.showed("IR-L1-2", on=finding, witness=associate)
    junior.sees(f"/investigations/{key(opened)}/", "supports", "That is it.")

    mine = made(junior.does("investigations.propose", opened, text="The disk is full"))
    assert junior.stands("investigations.test_hypothesis", mine) == "G"
    asked = junior.asks(
        "investigations.test_hypothesis", mine,
        expected="df says 100 %", saw="It says 40 %", says="rules-out",
    )  # fmt: skip
    tested = made(associate.gives_go_ahead(asked))
    assert junior.reads("findings", key(tested))["says"] == "rules-out"

"""MA-L1-1: learn the codebase and the system components under maintenance."""

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db
CODE = "https://git.example.org/shop"


def test_ma_l1_1(
    junior: Somebody, associate: Somebody, shop: Component, payments: Component
) -> None:
    shop.links = {"Repository": CODE}
    shop.save()
    shop.depends_on.add(payments)
    associate.does("maintenance.plan_change", shop, title="Raise the limit", kind="config")
    junior.sees(f"/maintenance/components/{shop.slug}/", "Take the tour")
    walk = made(junior.does("tours.start_walk", shop))
    path = f"/tours/walks/{key(walk)}/"
    found = {
        "Who runs it": "Shop team", "What is at stake": "routine", "What it needs": "payments",
        "Who needs it": "0", "How it is mended": "0",
        "What is dangerous here": "Restarting it at noon.",
        "Where its code lies": "main.py; the last commit raises the limit.",
        "What was changed last": "Raise the limit", "Who was here last": "Associate",
    }  # fmt: skip
    steps = junior.reads("walks", key(walk))["steps"]
    assert [step["title"] for step in steps] == list(found)
    junior.sees(f"{path}?step=7", CODE)
    for number, text in enumerate(found.values(), 1):
        answered = junior.does("tours.answer", walk, step=number, text=text)
        assert answered["outcome"]["right"] is not False, (number, text)
    junior.does("tours.finish", walk)

    for number in (6, 7):
        associate.does("tours.judge", walk, step=number, verdict="right")
    associate.does("tours.see_answers", walk, said="You know where to look now.")
    junior.showed("MA-L1-1", on=shop, witness=associate)

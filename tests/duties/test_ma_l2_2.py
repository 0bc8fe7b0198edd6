"""MA-L2-2: handle routine fixes and minor updates independently."""

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db


def test_ma_l2_2(
    junior: Somebody, associate: Somebody, senior: Somebody, neighbour: Somebody, shop: Component
) -> None:
    associate.sees("/maintenance/", "Choose a component")
    change = made(associate.does("maintenance.plan_change", shop, title="Fix it", kind="fix"))
    assert associate.stands("maintenance.start_change", change) == "A"
    assert junior.stands("maintenance.start_change", change) == "G"
    associate.does("maintenance.start_change", change)
    associate.does("maintenance.complete_change", change, outcome="The error is gone.")
    assert "is led by" in neighbour.cannot("maintenance.confirm_change", change)
    assert "their own" in associate.cannot("maintenance.confirm_change", change)
    senior.sees(f"/maintenance/changes/{key(change)}/", "Confirm")
    senior.does("maintenance.confirm_change", change, word="As it should be.")
    associate.showed("MA-L2-2", on=change, witness=senior)


def test_one_level_below_it_is_practised_with_a_go_ahead(
    junior: Somebody, associate: Somebody, senior: Somebody, shop: Component
) -> None:
    change = made(associate.does("maintenance.plan_change", shop, title="Fix it", kind="fix"))
    associate.gives_go_ahead(junior.asks("maintenance.start_change", change))
    back = junior.asks("maintenance.back_out", change, outcome="Errors rose; the old one is back.")
    associate.gives_go_ahead(back)
    row = senior.does("maintenance.confirm_change", change)
    assert row["outcome"]["how"] == "with a go-ahead"
    junior.showed("MA-L2-2", on=change, witness=senior)

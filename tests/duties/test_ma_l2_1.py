"""MA-L2-1: participate actively in maintaining components: be the caretaker of one."""

import pytest
from tests.duties.door import Somebody, made

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db


def test_ma_l2_1(junior: Somebody, associate: Somebody, senior: Somebody, shop: Component) -> None:
    assert associate.stands("seats.take_care", shop) == "A"
    assert junior.stands("seats.take_care", shop) == "G"
    associate.sees(shop.get_absolute_url(), "Be its caretaker")
    seat = made(associate.does("seats.take_care", shop))
    associate.sees("/seats/", "Caretaker of Shop")
    change = made(associate.does("maintenance.plan_change", shop, title="Bump it", kind="update"))
    associate.does("maintenance.start_change", change)
    assert "ended no work" in str(
        senior.cannot("seats.look_back_on_caretaker", seat, line="Well cared for.")
    )
    associate.does("maintenance.complete_change", change, outcome="No errors for an hour.")
    senior.does("seats.look_back_on_caretaker", seat, line="Well cared for.")
    associate.showed("MA-L2-1", on=shop, witness=senior)
    assert "ended no work" in senior.cannot("seats.look_back_on_caretaker", seat, line="Again.")


def test_a_junior_cares_for_one_with_a_go_ahead(
    junior: Somebody, associate: Somebody, senior: Somebody, shop: Component
) -> None:
    seat = made(associate.gives_go_ahead(junior.asks("seats.take_care", shop)))
    change = made(associate.does("maintenance.plan_change", shop, title="Bump it", kind="update"))
    associate.gives_go_ahead(junior.asks("maintenance.start_change", change))
    done = junior.asks("maintenance.complete_change", change, outcome="No errors for an hour.")
    associate.gives_go_ahead(done)
    senior.does("seats.look_back_on_caretaker", seat, line="Well cared for.")
    junior.showed("MA-L2-1", on=shop, witness=senior)

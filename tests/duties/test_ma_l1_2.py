"""MA-L1-2: assist in basic maintenance: do a routine change under a go-ahead."""

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db


def test_ma_l1_2(junior: Somebody, associate: Somebody, shop: Component) -> None:
    junior.sees("/maintenance/", "Choose a component")
    change = made(associate.does("maintenance.plan_change", shop, title="Bump it", kind="update"))
    assert junior.stands("maintenance.start_change", change) == "G"
    associate.gives_go_ahead(junior.asks("maintenance.start_change", change))
    junior.sees(f"/maintenance/changes/{key(change)}/", "under way")
    done = junior.asks("maintenance.complete_change", change, outcome="No errors for an hour.")
    associate.gives_go_ahead(done)
    junior.showed("MA-L1-2", on=change, witness=associate)


def test_a_clean_way_back_counts_too(
    junior: Somebody, associate: Somebody, shop: Component
) -> None:
    change = made(associate.does("maintenance.plan_change", shop, title="Bump it", kind="update"))
    associate.gives_go_ahead(junior.asks("maintenance.start_change", change))
    back = junior.asks("maintenance.back_out", change, outcome="Errors rose; the old one is back.")
    associate.gives_go_ahead(back)
    junior.showed("MA-L1-2", on=change, witness=associate)

"""MA-L3-1: lead the maintenance of critical components: a critical change, to its end."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.lib import clock

pytestmark = pytest.mark.django_db


def planned(by: Somebody, on: Component) -> str:
    start = clock.now()
    return made(
        by.does(
            "maintenance.plan_change", on, title="New database", kind="update",
            backout="Switch back to the old one.", starts=start.isoformat(),
            ends=(start + timedelta(hours=1)).isoformat(),
        )
    )  # fmt: skip


def test_ma_l3_1(
    associate: Somebody, senior: Somebody, other_senior: Somebody, payments: Component
) -> None:
    senior.sees("/maintenance/", "Choose a component")
    change = planned(senior, payments)
    acts = ("maintenance.take_lead_of_change", "maintenance.complete_change")
    assert [senior.stands(act, change) for act in acts] == ["A", "A"]
    assert [associate.stands(act, change) for act in acts] == ["G", "G"]
    senior.sees(f"/maintenance/changes/{key(change)}/", "Take the lead")
    senior.does("maintenance.take_lead_of_change", change)
    other_senior.gives_go_ahead(senior.asks("maintenance.start_change", change))
    done = senior.asks("maintenance.complete_change", change, outcome="Both agree, no errors.")
    other_senior.gives_go_ahead(done)
    senior.showed("MA-L3-1", on=change, witness=other_senior)
    assert senior.reads("changes", key(change))["led_by"] == senior.name


def test_one_level_below_leads_with_a_go_ahead(
    associate: Somebody, senior: Somebody, payments: Component
) -> None:
    change = planned(associate, payments)
    senior.gives_go_ahead(associate.asks("maintenance.take_lead_of_change", change))
    senior.gives_go_ahead(associate.asks("maintenance.start_change", change))
    back = associate.asks("maintenance.back_out", change, outcome="It is slow; the old one serves.")
    senior.gives_go_ahead(back)
    associate.showed("MA-L3-1", on=change, witness=senior)


def test_past_its_window_it_shows_nothing(
    senior: Somebody, other_senior: Somebody, payments: Component
) -> None:
    change = planned(senior, payments)
    senior.does("maintenance.take_lead_of_change", change)
    other_senior.gives_go_ahead(senior.asks("maintenance.start_change", change))
    clock.shift(timedelta(hours=2))
    done = senior.asks("maintenance.complete_change", change, outcome="Both agree, no errors.")
    other_senior.gives_go_ahead(done)
    assert senior.shown("MA-L3-1") == []

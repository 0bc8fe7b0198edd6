"""MO-L3-3: initiate the actions that mitigate issues and prevent potential incidents."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.practice import verify
from watchbill.prometheus import Sample

pytestmark = pytest.mark.django_db
TREND = "predict_linear(free[1h], 86400)"


def test_mo_l3_3(
    junior: Somebody, associate: Somebody, senior: Somebody, other_senior: Somebody,
    shop: Component,
) -> None:  # fmt: skip
    given = {
        "title": "Move the old orders", "expected": "Half of the disk is free.",
        "measure": "free", "trend": TREND,
        "due": (clock.now().date() + timedelta(days=7)).isoformat(),
    }  # fmt: skip
    assert associate.stands("practice.initiate_prevention", shop) == "G"
    junior.may_not("practice.initiate_prevention", shop, **given)
    associate.asks("practice.initiate_prevention", shop, **given)
    work = made(senior.does("practice.initiate_prevention", shop, **given))
    read(0.1)
    senior.does("practice.complete_improvement", work, outcome="Moved.")
    clock.shift(timedelta(days=1))
    read(0.6)
    seen = {"effect": "as-expected", "seen": "60 % are free on the day."}
    assert "due date" in str(other_senior.cannot("practice.confirm_effect", work, **seen))
    clock.shift(timedelta(days=6))
    read(0.55)
    assert "other than its owner" in str(senior.cannot("practice.confirm_effect", work, **seen))
    associate.cannot("practice.confirm_effect", work, **seen)
    other_senior.sees(f"/improvements/{key(work)}/", "Confirm the effect", "0.55")
    other_senior.does("practice.confirm_effect", work, **seen)
    senior.showed("MO-L3-3", on=work, witness=other_senior)


def test_moderate_work_is_begun_alone_too(
    associate: Somebody, senior: Somebody, shop: Component
) -> None:
    Component.objects.update(stakes=1)
    assert senior.stands("practice.initiate_prevention", shop) == "A"
    assert associate.stands("practice.initiate_prevention", shop) == "G"


def read(value: float) -> None:
    """The tick reads the measure, which has this value now."""
    assert verify.tick(clock.now(), lambda query, at=None: [Sample({}, 0, value)]) == 1

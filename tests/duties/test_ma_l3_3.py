"""MA-L3-3: initiate changes that enhance performance, stability and security."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made
from tests.duties.test_mo_l3_3 import read

from watchbill.catalog.models import Component
from watchbill.lib import clock

pytestmark = pytest.mark.django_db


def test_ma_l3_3(
    junior: Somebody, associate: Somebody, senior: Somebody, other_senior: Somebody,
    payments: Component,
) -> None:  # fmt: skip
    given = {
        "title": "A pool for each caller", "aim": "stability", "measure": "stalls",
        "expected": "Not one stall in a week.",
        "due": (clock.now().date() + timedelta(days=7)).isoformat(),
    }  # fmt: skip
    assert senior.stands("practice.initiate_enhancement", payments) == "A"
    assert associate.stands("practice.initiate_enhancement", payments) == "G"
    junior.may_not("practice.initiate_enhancement", payments, **given)
    asked = senior.asks("practice.initiate_enhancement", payments, **given)  # a second person
    work = made(associate.gives_go_ahead(asked, "Yes, it stalls."))
    read(4)
    senior.does("practice.complete_improvement", work, outcome="In service.")
    clock.shift(timedelta(days=1))
    read(1)
    clock.shift(timedelta(days=6))
    read(0)
    other_senior.sees(f"/improvements/{key(work)}/", "stability", "On the due date")
    other_senior.does(
        "practice.confirm_effect", work, effect="as-expected", seen="None this week, four before."
    )
    senior.showed("MA-L3-3", on=work, witness=other_senior)


def test_moderate_work_is_begun_alone(
    associate: Somebody, senior: Somebody, shop: Component
) -> None:
    Component.objects.update(stakes=1)
    assert senior.stands("practice.initiate_enhancement", shop) == "A"
    assert associate.stands("practice.initiate_enhancement", shop) == "G"

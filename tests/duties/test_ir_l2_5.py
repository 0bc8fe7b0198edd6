"""IR-L2-5: engage in the post-incident analysis with insights and potential improvements."""

import pytest
from tests.duties.door import Somebody, key, made
from tests.duties.reviewing import reviewed

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db


def test_ir_l2_5(junior: Somebody, associate: Somebody, senior: Somebody, shop: Component) -> None:
    review = reviewed(senior, shop)
    associate.does("practice.add_entry", review, kind="analysis", text="Retries emptied the pool.")
    work = made(associate.does(
        "practice.propose_improvement", review, title="Limit retries", expected="No storms"
    ))  # fmt: skip
    associate.sees(f"/reviews/{key(review)}/", "Retries emptied the pool.", "Limit retries")
    senior.does("practice.decline_improvement", work, why="The library does it already.")
    associate.showed("IR-L2-5", on=work, witness=senior)
    for act in ("practice.add_entry", "practice.propose_improvement"):
        assert junior.stands(act, review) == associate.stands(act, review) == "A"

"""IR-L1-4: contribute observations and lessons learned to the post-incident review."""

import pytest
from tests.duties.door import Somebody, key
from tests.duties.reviewing import reviewed

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db


def test_ir_l1_4(junior: Somebody, senior: Somebody, shop: Component) -> None:
    review = reviewed(senior, shop)
    assert junior.stands("practice.add_entry", review) == "A"
    junior.does("practice.add_entry", review, kind="lesson", text="Look at the pool first.")
    assert not senior.reads("evidence", "junior")["shown"].get("IR-L1-4")
    senior.does("practice.publish_review", review, findings="The pool had no limit.")
    junior.sees(f"/reviews/{key(review)}/", "Look at the pool first.", "The pool had no limit.")
    junior.showed("IR-L1-4", on=review, witness=senior)

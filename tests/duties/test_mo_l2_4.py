"""MO-L2-4: share observations and take part in deciding monitoring enhancements."""

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component
from watchbill.people.models import Team

pytestmark = pytest.mark.django_db


def test_mo_l2_4(
    junior: Somebody, associate: Somebody, other_associate: Somebody, senior: Somebody,
    team: Team, shop: Component,
) -> None:  # fmt: skip
    review = made(senior.does("practice.open_review", team, kind="retrospective"))
    associate.does(
        "practice.add_entry", review, kind="observation", text="The disk alert fires each night."
    )
    junior.does("practice.add_entry", review, kind="observation", text="Quiet otherwise.")
    work = made(other_associate.does(
        "practice.propose_improvement", review, title="Alert on the trend", expected="Fewer pages"
    ))  # fmt: skip
    senior.does("practice.decline_improvement", work, why="The forecast is too rough.")
    other_associate.showed("MO-L2-4", on=work, witness=senior)
    said = senior.reads("reviews", key(review))["entries"][0]["id"]
    senior.does("practice.answer_entry", review, entry=said, answer="The rule gets a longer hold.")
    senior.does("practice.publish_review", review, findings="One rule is noise at night.")
    associate.sees(f"/reviews/{key(review)}/", "The rule gets a longer hold.")
    associate.showed("MO-L2-4", on=review, witness=senior)
    assert not senior.reads("evidence", "junior")["shown"].get("MO-L2-4"), "nobody answered it"
    for act in ("practice.add_entry", "practice.propose_improvement"):
        assert junior.stands(act, review) == associate.stands(act, review) == "A"

"""Designs: they rest on published reviews, are built by a verified change, and are seen to hold."""

from datetime import timedelta

import pytest

from watchbill.acts.authority import Effect
from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.maintenance.models import Change
from watchbill.people.models import Person, Team
from watchbill.practice import acts
from watchbill.practice.models import Design, Review

SEEN = {"how": Design.How.DRILL, "seen": "The other caller did not notice."}


def decision(review: Review, **other):
    return {
        "title": "A pool each", "decision": "Each caller gets a pool.",
        "alternatives": "One larger pool, which fails later.", "reviews": [review.pk], **other,
    }  # fmt: skip


def verified(component: Component, by: Person, at=None, result: str = "verified") -> Change:
    return Change.objects.create(
        title="Split the pool", component=component, kind="config", planned_by=by,
        state=result, result=result, ended_by=by, ended_at=at or clock.now(),
    )  # fmt: skip


@pytest.fixture
def design(review: Review, shop: Component, sam: Person, lea: Person) -> Design:
    acts.publish_review.perform(sam, review, findings="The pool had no limit.")
    acts.record_design.perform(lea, shop, **decision(review))
    return Design.objects.get()


def test_it_rests_on_published_reviews(review: Review, shop: Component, lea: Person) -> None:
    for given, what in (
        ({}, "rests on published"), ({"reviews": []}, "rests on"), ({"reviews": [99]}, "rests on"),
        ({"title": " "}, "title"), ({"decision": "Pools."}, "in a sentence"),
        ({"alternatives": "None."}, "in a sentence"),
    ):  # fmt: skip
        with pytest.raises(CannotBeDone, match=what):
            acts.record_design.perform(lea, shop, **decision(review, **given))


def test_it_is_critical_everywhere(shop: Component, sam: Person, ann: Person) -> None:
    assert acts.record_design.may(sam, shop).effect is Effect.WAIT
    assert acts.record_design.may(ann, shop).effect is Effect.REFUSE


def test_only_a_verified_change_after_it_built_it(
    design: Design, shop: Component, sam: Person, lea: Person
) -> None:
    early = verified(shop, sam, at=design.at - timedelta(hours=1))
    undone = verified(shop, sam, result="backed-out")
    for change, what in (
        (early.ref, "before this was decided"), (undone.ref, "no change that was verified"),
        (shop.ref, "no change that was verified"), ("maintenance.change:99", "no such change"),
    ):  # fmt: skip
        with pytest.raises(CannotBeDone, match=what):
            acts.built_by.perform(lea, design, change=change)
    with pytest.raises(CannotBeDone, match="not built yet"):
        acts.verify_design.perform(sam, design, **SEEN)


def test_a_lead_of_the_component_sees_that_it_holds(
    design: Design, shop: Component, team: Team, sam: Person, lea: Person, ann: Person
) -> None:
    acts.built_by.perform(ann, design, change=verified(shop, sam).ref)
    design.refresh_from_db()
    team.members.add(ann, lea)
    for who, what in ((sam, "led by the seniors"), (ann, "led by"), (lea, "You decided it")):
        with pytest.raises(CannotBeDone, match=what):
            acts.verify_design.perform(who, design, **SEEN)
    team.members.add(sam)
    with pytest.raises(CannotBeDone, match="in a sentence"):
        acts.verify_design.perform(sam, design, how=Design.How.DRILL, seen="Fine.")
    again = {**SEEN, "how": Design.How.NOT_AGAIN}
    with pytest.raises(CannotBeDone, match="less than 30 days"):
        acts.verify_design.perform(sam, design, **again)
    clock.shift(timedelta(days=31))
    acts.verify_design.perform(sam, design, **again)
    shown = Shown.objects.get()
    assert (shown.duty, shown.person, shown.witness) == ("IR-L4-5", lea, sam)
    design.refresh_from_db()
    assert design.state == Design.State.VERIFIED
    for deed in (
        lambda: acts.verify_design.perform(sam, design, **SEEN),
        lambda: acts.built_by.perform(sam, design, change=design.change),
    ):
        with pytest.raises(CannotBeDone, match="already"):
            deed()

"""Reviews and improvements: free to add to, decided with reasons, led from a seat."""

from datetime import timedelta

import pytest
from tests.practice.conftest import Propose

from watchbill.acts import perform, timeline
from watchbill.acts.acts import void
from watchbill.acts.authority import Effect, Rule
from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Entry, Shown
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.people.models import Person
from watchbill.practice import acts
from watchbill.practice.models import Debrief, Improvement, Review, ReviewEntry

Kind = ReviewEntry.Kind
State = Entry.State


def next_week():
    return clock.now().date() + timedelta(days=7)


def test_a_review_is_about_something_and_shown_there(review: Review, shop: Component) -> None:
    assert (review.about, review.area, review.matter) == (shop.ref, "maintenance", shop)
    assert [entry.kind for entry in timeline.of(shop)] == ["practice.open_review"]


def test_one_open_review_of_a_thing(review: Review, shop: Component, sam: Person) -> None:
    with pytest.raises(CannotBeDone, match="open already"):
        acts.open_review.perform(sam, shop, kind="post-incident")
    other = acts.open_review.perform(sam, shop, kind="coverage")
    assert (other.state, other.area) == (State.DONE, "monitoring"), "of another kind"


def test_whoever_leads_must_be_able_to(shop: Component, sam: Person, jun: Person) -> None:
    with pytest.raises(CannotBeDone, match="may not lead a review yet"):
        acts.open_review.perform(sam, shop, lead="jun")
    with pytest.raises(CannotBeDone, match="nobody called"):
        acts.open_review.perform(sam, shop, lead="nobody")


def test_an_associate_who_was_named_leads_alone(
    shop: Component, sam: Person, ann: Person, jun: Person
) -> None:
    acts.open_review.perform(sam, shop, lead="ann")
    review = Review.objects.get()
    acts.add_entry.perform(jun, review, kind=Kind.LESSON, text="Look at the pool first.")
    said = review.entries.get()
    decision = acts.answer_entry.may(ann, review)
    assert (decision.effect, decision.rule) == (Effect.DO, Rule.SEAT)
    acts.answer_entry.perform(ann, review, entry=said.pk, answer="It stands in the runbook now.")
    said.refresh_from_db()
    assert (said.answered_by, said.answer) == (ann, "It stands in the runbook now.")


def test_everybody_adds_until_it_is_published(review: Review, jun: Person, sam: Person) -> None:
    added = acts.add_entry.perform(jun, review, kind=Kind.OBSERVATION, text="It was slow at noon.")
    assert (added.state, added.rule) == (State.DONE, "free")
    with pytest.raises(CannotBeDone, match="empty"):
        acts.add_entry.perform(jun, review, kind=Kind.OBSERVATION, text=" ")
    with pytest.raises(CannotBeDone, match="Say what was found"):
        acts.publish_review.perform(sam, review, findings="Done.")
    acts.publish_review.perform(sam, review, findings="The pool had no limit.")
    with pytest.raises(CannotBeDone, match="published"):
        acts.add_entry.perform(jun, review, kind=Kind.OBSERVATION, text="One thing more.")


def test_an_associate_publishes_with_a_go_ahead(review: Review, ann: Person, lea: Person) -> None:
    asked = acts.publish_review.perform(ann, review, findings="The pool had no limit.")
    assert asked.state == State.ASKED
    perform.answer(asked.pk, lea, go_ahead=True)
    review.refresh_from_db()
    assert review.state == Review.State.PUBLISHED


def test_an_entry_of_another_review_is_not_answered_here(
    review: Review, sam: Person, jun: Person
) -> None:
    other = Review.objects.create(about=review.about, title="Other", area=review.area, lead=sam)
    acts.add_entry.perform(jun, other, kind=Kind.LESSON, text="There.")
    with pytest.raises(CannotBeDone, match="no such entry"):
        acts.answer_entry.perform(sam, review, entry=other.entries.get().pk, answer="Here.")


def test_a_proposal_is_decided_before_publishing(
    propose: Propose, review: Review, sam: Person
) -> None:
    work = propose()
    with pytest.raises(CannotBeDone, match="wait for a decision"):
        acts.publish_review.perform(sam, review, findings="The pool had no limit.")
    with pytest.raises(CannotBeDone, match="with a reason"):
        acts.decline_improvement.perform(sam, work, why=" ")
    acts.decline_improvement.perform(sam, work, why="The library does it already.")
    acts.publish_review.perform(sam, review, findings="The pool had no limit.")
    work.refresh_from_db()
    assert (work.state, work.decided_by) == (Improvement.State.DECLINED, sam)
    with pytest.raises(CannotBeDone, match="declined already"):
        acts.accept_improvement.perform(sam, work, owner="ann", due=next_week())


def test_the_owner_completes_it(propose: Propose, sam: Person, jun: Person, ann: Person) -> None:
    work = propose()
    with pytest.raises(CannotBeDone, match="past"):
        acts.accept_improvement.perform(sam, work, owner="jun", due=next_week() - timedelta(9))
    acts.accept_improvement.perform(sam, work, owner="jun", due=next_week())
    work.refresh_from_db()
    assert acts.complete_improvement.may(ann, work).effect is Effect.WAIT
    assert acts.complete_improvement.perform(jun, work, outcome="It held.").state == State.DONE
    with pytest.raises(CannotBeDone, match="done already"):
        acts.complete_improvement.perform(jun, work, outcome="Again.")


def test_it_is_linked_with_what_carries_it_out(
    propose: Propose, shop: Component, jun: Person
) -> None:
    work = propose()
    with pytest.raises(CannotBeDone, match="no such change"):
        acts.link_change.perform(jun, work, change="maintenance.change:99")
    linked = acts.link_change.perform(jun, work, change="catalog.component:shop")
    work.refresh_from_db()
    assert work.change == shop.ref
    assert linked in timeline.of(shop)


def test_proposals_need_a_title_and_an_effect(review: Review, jun: Person) -> None:
    for given in ({"title": " ", "expected": "x"}, {"title": "x", "expected": " "}):
        with pytest.raises(CannotBeDone):
            acts.propose_improvement.perform(jun, review, **given)


def test_learner_and_guide_look_back_in_a_line_each(
    propose: Propose, ann: Person, sam: Person, jun: Person, lea: Person
) -> None:
    asked = acts.decline_improvement.perform(ann, propose(), why="The library does it.")
    done = perform.answer(asked.pk, lea, go_ahead=True)
    acts.debrief.perform(ann, done, line="I would have asked earlier.")
    entry = acts.debrief.perform(lea, done, line="Well argued.")
    told = Debrief.objects.order_by("pk").values_list("by__username", "role", "about")
    assert list(told) == [("ann", "learner", done.subject), ("lea", "guide", done.subject)]
    assert entry in timeline.of(Improvement.objects.get())
    with pytest.raises(CannotBeDone, match="written already"):
        acts.debrief.perform(ann, done, line="Once more.")
    with pytest.raises(CannotBeDone, match="Only who learned"):
        acts.debrief.perform(jun, done, line="I watched.")


def test_an_act_without_a_guide_is_not_debriefed(
    review: Review, propose: Propose, sam: Person
) -> None:
    alone = acts.decline_improvement.perform(sam, propose(), why="The library does it.")
    for subject in (alone, review):
        with pytest.raises(CannotBeDone, match="Only what was guided"):
            acts.debrief.perform(sam, subject, line="Fine.")


def test_a_second_person_is_no_guide(shop: Component, sam: Person, ann: Person) -> None:
    shop.stakes = Tier.CRITICAL
    shop.save()
    asked = acts.initiate_enhancement.perform(
        sam, shop, title="Pools", aim="stability", expected="No stall.", measure="stalls",
        due=next_week(),
    )  # fmt: skip
    done = perform.answer(asked.pk, ann, go_ahead=True)
    with pytest.raises(CannotBeDone, match="Only what was guided"):
        acts.debrief.perform(sam, done, line="Thank you for looking.")


def test_what_is_void_is_not_debriefed_and_shows_nothing(
    propose: Propose, ann: Person, lea: Person
) -> None:
    asked = acts.decline_improvement.perform(ann, propose(), why="The library does it.")
    done = perform.answer(asked.pk, lea, go_ahead=True)
    acts.debrief.perform(ann, done, line="I would have asked earlier.")
    acts.debrief.perform(lea, done, line="Well argued.")
    assert Shown.objects.valid().get().duty == "MA-L3-4"
    void.perform(ann, done, why="The wrong proposal.")
    assert not Shown.objects.valid().exists()
    again = acts.decline_improvement.perform(ann, propose("Retry less"), why="The library does it.")
    done = perform.answer(again.pk, lea, go_ahead=True)
    void.perform(ann, done, why="The wrong proposal.")
    with pytest.raises(CannotBeDone, match="void"):
        acts.debrief.perform(lea, done, line="Well argued.")

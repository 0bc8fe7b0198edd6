"""Reviews of how things stand: their kinds, gaps, decisions, and the second name under them."""

from datetime import timedelta

import pytest

from watchbill.acts import perform
from watchbill.acts.authority import Effect
from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House, Person, Team
from watchbill.practice import acts, coverage, deputies
from watchbill.practice.models import Gap, Review
from watchbill.practice.reads import to_countersign
from watchbill.practice.scope import kinds_for

FINDINGS = "One component has no rule."


def soon():
    return clock.now().date() + timedelta(days=30)


def opened(by: Person, on: Component | Team | House, kind: str) -> Review:
    acts.open_review.perform(by, on, kind=kind)
    return Review.objects.latest("pk")


def decide(by: Person, review: Review, topic: str, **given) -> None:
    acts.add_decision.perform(
        by, review, topic=topic, text="Leave it by May.", owner=by.username, due=soon(), **given
    )


def test_only_what_fits_is_opened(shop: Component, team: Team, house: House, sam: Person) -> None:
    assert [kinds_for(on)[0] for on in (shop, team, house, sam)] == [
        "coverage", "retrospective", "area", "post-incident",
    ]  # fmt: skip
    with pytest.raises(CannotBeDone, match="no such review") as refused:
        acts.open_review.perform(sam, house, kind="post-incident")
    assert "plan (review of the maintenance plan)" in refused.value.hint
    assert opened(sam, house, "").kind == Review.Kind.AREA
    areas = {kind: opened(sam, team, kind).area for kind in ("retrospective", "area", "plan")}
    assert areas == {
        "retrospective": "monitoring", "area": "incident-response", "plan": "maintenance",
    }  # fmt: skip


def test_a_gap_is_on_a_component_of_the_review(
    shop: Component, team: Team, sam: Person, jun: Person
) -> None:
    other = Component.objects.create(
        slug="mail", name="Mail", owner=Team.objects.create(slug="mail", name="Mail")
    )
    review = opened(sam, team, "coverage")
    for given, what in (
        ({"component": other.slug, "what": "Nothing"}, "does not cover"),
        ({"component": "shop", "what": " "}, "1 to 500"),
        ({"component": "shop", "what": "x", "due": soon() - timedelta(99)}, "past"),
    ):
        with pytest.raises(CannotBeDone, match=what):
            acts.add_gap.perform(jun, review, **given)
    acts.add_gap.perform(jun, review, component="shop", what="Nobody sees refusals", owner="jun")
    with pytest.raises(CannotBeDone, match="no such gap"):
        acts.assign_gap.perform(sam, review, gap=99, owner="jun", due=soon())
    with pytest.raises(CannotBeDone, match="have no owner"):
        acts.publish_review.perform(sam, review, findings=FINDINGS)  # nor a date
    gap = Gap.objects.get()
    acts.assign_gap.perform(sam, review, gap=gap.pk, owner="jun", due=soon())
    with pytest.raises(CannotBeDone, match="still open"):
        acts.close_gap.perform(jun, gap, outcome="A rule")
    acts.publish_review.perform(sam, review, findings=FINDINGS)
    gap.refresh_from_db()
    with pytest.raises(CannotBeDone, match="what watches it"):
        acts.close_gap.perform(jun, gap, outcome=" ")
    acts.close_gap.perform(jun, gap, outcome="A rule on refusals.")
    with pytest.raises(CannotBeDone, match="closed already"):
        acts.close_gap.perform(jun, gap, outcome="Again")


def test_nothing_missing_is_said_and_is_no_evidence(
    shop: Component, sam: Person, lea: Person
) -> None:
    review = opened(sam, shop, "coverage")
    with pytest.raises(CannotBeDone, match="how you know"):
        acts.state_no_gap.perform(sam, review, because=" ")
    acts.state_no_gap.perform(sam, review, because="Each fault of the drill was noticed.")
    acts.publish_review.perform(sam, review, findings="The drill found nothing.")
    acts.countersign_review.perform(lea, review, word="I was there.")
    assert not Shown.objects.exists()


def test_a_gap_takes_back_that_nothing_is_missing(
    shop: Component, sam: Person, jun: Person
) -> None:
    review = opened(sam, shop, "coverage")
    acts.state_no_gap.perform(sam, review, because="I looked.")
    acts.add_gap.perform(jun, review, component="shop", what="Nobody sees refusals")
    review.refresh_from_db()
    assert review.no_gap == ""
    with pytest.raises(CannotBeDone, match="are gaps"):
        acts.state_no_gap.perform(sam, review, because="I looked.")


def test_gaps_and_decisions_belong_to_their_kinds(
    review: Review, house: House, sam: Person
) -> None:
    with pytest.raises(CannotBeDone, match="names no gaps"):
        acts.add_gap.perform(sam, review, component="shop", what="x")
    with pytest.raises(CannotBeDone, match="records no decisions"):
        decide(sam, review, "risk")
    plan = opened(sam, house, "plan")
    with pytest.raises(CannotBeDone, match="no such topic") as refused:
        decide(sam, plan, "risk")
    assert "lifecycle" in refused.value.hint


def test_a_review_is_signed_or_published(
    review: Review, house: House, sam: Person, lea: Person
) -> None:
    with pytest.raises(CannotBeDone, match="is published, not signed"):
        acts.sign_review.perform(lea, review, findings=FINDINGS)
    plan = opened(sam, house, "plan")
    with pytest.raises(CannotBeDone, match="is signed"):
        acts.publish_review.perform(sam, plan, findings=FINDINGS)
    with pytest.raises(CannotBeDone, match="without decisions"):
        acts.sign_review.perform(lea, plan, findings=FINDINGS)
    decide(sam, plan, "support")
    with pytest.raises(CannotBeDone, match="Say what was found"):
        acts.sign_review.perform(lea, plan, findings="Fine.")
    assert acts.sign_review.effect(plan, {})[0].startswith("end of support: Leave it by May.")
    acts.sign_review.perform(lea, plan, findings=FINDINGS)
    with pytest.raises(CannotBeDone, match="published"):
        decide(sam, plan, "debt")


def test_whoever_leads_an_area_review_does_not_sign_it_alone(
    house: House, sam: Person, lea: Person
) -> None:
    review = opened(sam, house, "area")
    decide(sam, review, "aims")
    assert acts.sign_review.may(sam, review).effect is Effect.WAIT
    asked = acts.sign_review.perform(sam, review, findings=FINDINGS)
    perform.answer(asked.pk, lea, go_ahead=True)
    review.refresh_from_db()
    assert review.published_by == sam


def test_a_deputy_or_the_owner_countersigns_once(
    house: House, lea: Person, ann: Person, make_person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deputies, "_providers", [])
    deputies.provides_deputies(lambda area: [ann] if area == "maintenance" else [])
    owner = make_person("owner", owner=True)
    review = opened(lea, house, "plan")
    decide(lea, review, "debt")
    with pytest.raises(CannotBeDone, match="It is open"):
        acts.countersign_review.perform(ann, review, word="Read.")
    acts.sign_review.perform(lea, review, findings=FINDINGS)
    review.refresh_from_db()
    assert to_countersign(ann) == to_countersign(owner) == [review]
    assert to_countersign(lea) == []
    with pytest.raises(CannotBeDone, match="One line"):
        acts.countersign_review.perform(ann, review, word=" ")
    acts.countersign_review.perform(ann, review, word="The dates hold.")
    shown = Shown.objects.get()
    assert (shown.duty, shown.person, shown.witness) == ("MA-L4-1", lea, ann)
    with pytest.raises(CannotBeDone, match="countersigned already"):
        acts.countersign_review.perform(owner, review, word="Me too.")


def test_a_post_incident_review_needs_no_second_name(review: Review, lea: Person) -> None:
    with pytest.raises(CannotBeDone, match="no second signature"):
        acts.countersign_review.perform(lea, review, word="Read.")


def test_the_map_tells_what_watches_what(
    shop: Component, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = Component.objects.create(slug="bare", name="Bare", owner=team)
    monkeypatch.setattr(coverage, "_providers", [])
    coverage.provides_coverage("Rules")(lambda components: {shop.pk: 2})
    coverage.provides_coverage("Charts")(lambda components: {})
    told = coverage.map_of(team)
    assert (told.sorts, told.uncovered, told.total) == (["Charts", "Rules"], 2, 2)
    assert [(row.component, row.bare, row.missing) for row in told.rows] == [
        (bare, True, ["charts", "rules"]), (shop, False, ["charts"]),
    ]  # fmt: skip
    assert [row.component for row in coverage.map_of(shop).rows] == [shop]

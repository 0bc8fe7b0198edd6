"""Acknowledging, handing on, and saying who is called."""

import pytest
from tests.paging.conftest import MINUTE, T0, Fire, at, resolve, tick

from watchbill.acts import timeline
from watchbill.acts.given import CannotBeDone
from watchbill.catalog.models import Component
from watchbill.paging import acts, plan
from watchbill.paging.models import Coverage, Escalation, EscalationPolicy, Page
from watchbill.people.models import House, Person, Team


@pytest.fixture
def page(house: House, policy: EscalationPolicy, fire: Fire) -> Page:
    """Ann's page."""
    fire()
    tick(0)
    return Page.objects.get()


def states() -> list[str]:
    return list(Page.objects.order_by("id").values_list("state", flat=True))


def test_a_junior_acknowledges_their_own_page(page: Page, ann: Person, jun: Person) -> None:
    page.person = jun
    page.save()
    entry = acts.acknowledge.perform(jun, page)
    assert (entry.state, entry.rule) == ("done", "own")
    page.refresh_from_db()
    assert (page.state, page.answered_by) == ("acknowledged", jun)
    assert entry in timeline.of(page.alert)


def test_an_l1_does_not_answer_for_others_alone_but_an_l2_does(
    page: Page, jun: Person, sam: Person
) -> None:
    assert acts.acknowledge.perform(jun, page).state == "asked"
    assert acts.acknowledge.perform(sam, page).state == "done"


def test_one_answer_is_enough(page: Page, ann: Person, sam: Person) -> None:
    tick(5)
    hers = Page.objects.get(person=sam)
    acts.acknowledge.perform(sam, hers)
    assert states() == ["ended", "acknowledged", "ended"]
    with pytest.raises(CannotBeDone, match="already"):
        acts.acknowledge.perform(ann, page)


def test_after_the_last_step_it_can_still_be_acknowledged(page: Page, ann: Person) -> None:
    tick(5)
    tick(15)
    acts.acknowledge.perform(ann, page)
    assert Escalation.objects.get().state == "acknowledged"


def test_what_has_ended_needs_no_answer(page: Page, ann: Person) -> None:
    resolve(page.alert)
    tick(1)
    with pytest.raises(CannotBeDone, match="ended"):
        acts.acknowledge.perform(ann, page)


def test_handed_on_it_calls_the_other_and_goes_on_from_there(
    page: Page, ann: Person, jun: Person
) -> None:
    at(3)
    entry = acts.hand_on.perform(ann, page, to="jun", why="I am on a train")
    assert entry.says.endswith("on to Jun: I am on a train")
    fresh = Page.objects.get(person=jun)
    assert (fresh.handed_from, fresh.due_at) == (page, T0 + 8 * MINUTE)
    tick(5)
    assert states() == ["handed on", "sent"]
    tick(8)
    assert states() == ["handed on", "escalated", "sent", "sent"]


def test_an_acknowledged_page_can_be_handed_on_and_back(
    page: Page, ann: Person, sam: Person
) -> None:
    acts.acknowledge.perform(ann, page)
    acts.hand_on.perform(ann, page, to="sam", why="your part")
    hers = Page.objects.get(person=sam)
    acts.hand_on.perform(sam, hers, to="ann", why="not mine")
    assert states() == ["handed on", "handed on", "sent"]
    assert Escalation.objects.get().state == "calling"


@pytest.mark.parametrize("to", ["ann", "nobody", "watch"])
def test_to_whom_it_cannot_be_handed(page: Page, ann: Person, to: str) -> None:
    with pytest.raises(CannotBeDone):
        acts.hand_on.perform(ann, page, to=to, why="x")


def test_nobody_hands_on_what_is_anothers(page: Page, lea: Person) -> None:
    assert acts.hand_on.perform(lea, page, to="sam", why="x").state == "refused"


def test_a_policy_is_made_changed_and_used(
    house: House, sam: Person, ann: Person, team: Team
) -> None:
    made = acts.make_policy.perform(sam, house, name="Night watch", steps="ann, wait 5 min")
    policy = EscalationPolicy.objects.get(slug=made.came_of_it["slug"])
    acts.set_steps.perform(sam, policy, steps="sam, wait 1 min", rounds=2, why="Ann is away")
    policy.refresh_from_db()
    assert (policy.edition, policy.rounds, plan.write(policy)) == (2, 2, "sam, wait 1 min")
    checkout = Component.objects.create(slug="checkout", name="Checkout", owner=team)
    acts.cover.perform(sam, checkout, policy="night-watch")
    acts.use_for_rest.perform(sam, policy)
    assert plan.policy_for(checkout) == plan.policy_for(None) == policy
    assert Coverage.objects.get().component == checkout


def test_a_policy_of_something_critical_needs_an_l4(
    house: House, sam: Person, lea: Person, team: Team
) -> None:
    acts.make_policy.perform(sam, house, name="P", steps="sam, wait 5 min")
    policy = EscalationPolicy.objects.get()
    critical = Component.objects.create(slug="pay", name="Pay", owner=team, stakes=2)
    Coverage.objects.create(component=critical, policy=policy)
    change = {"steps": "sam, wait 1 min", "why": "faster"}
    assert acts.set_steps.perform(sam, policy, **change).state == "asked"  # type: ignore[arg-type]
    assert acts.set_steps.perform(lea, policy, **change).state == "done"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [{"steps": "nobody, wait 5 min"}, {"steps": ""}, {"rounds": 0}, {"rounds": 11}, {"name": "!"}],
)
def test_what_is_no_policy(house: House, sam: Person, wrong: dict[str, object]) -> None:
    given = {"name": "P", "steps": "sam, wait 5 min", **wrong}
    with pytest.raises(CannotBeDone):
        acts.make_policy.perform(sam, house, **given)  # type: ignore[arg-type]
    assert not EscalationPolicy.objects.exists()

"""Pairings: on duties of one area, by a plan, ended by looking back."""

from datetime import timedelta

import pytest

from watchbill.acts import timeline
from watchbill.acts.given import CannotBeDone
from watchbill.acts.kinds import act
from watchbill.acts.models import Shown
from watchbill.acts.registry import KINDS
from watchbill.acts.shown import Show
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House, Person
from watchbill.practice import acts
from watchbill.practice.acts.pairings import start_pairing
from watchbill.practice.models import Pairing


def plan(**other):
    return {
        "duties": ["MO-L1-2"], "plan": "Read the charts each morning.",
        "until": clock.now().date() + timedelta(days=30), "component": "", **other,
    }  # fmt: skip


@pytest.fixture
def pairing(jun: Person, sam: Person, shop: Component) -> Pairing:
    acts.start_pairing.perform(sam, jun, **plan(component="shop"))
    return Pairing.objects.get()


def test_it_is_about_duties_of_one_area(jun: Person, sam: Person, shop: Component) -> None:
    for given, what in (
        ({"duties": []}, "one area"), ({"duties": ["MO-L1-9"]}, "one area"),
        ({"duties": ["MO-L1-2", "IR-L1-1"]}, "one area"), ({"plan": " "}, "do together"),
        ({"until": clock.now().date()}, "future"), ({"component": "none"}, "no such component"),
    ):  # fmt: skip
        with pytest.raises(CannotBeDone, match=what):
            acts.start_pairing.perform(sam, jun, **plan(**given))
    for given in ({"duties": ["MA-L1-2"]}, {}):
        acts.start_pairing.perform(sam, jun, **plan(**given))
    assert sorted(pairing.area for pairing in Pairing.objects.all()) == [
        "maintenance", "monitoring",
    ]  # fmt: skip


def test_a_mentor_stands_above(jun: Person, sam: Person, lea: Person, make_person) -> None:
    for learner in (lea, sam):
        with pytest.raises(CannotBeDone, match="stands above"):
            acts.start_pairing.perform(sam, learner, **plan())
    gone = make_person("gone")
    gone.is_active = False
    gone.save()
    with pytest.raises(CannotBeDone, match="who are here"):
        acts.start_pairing.perform(sam, gone, **plan())


def test_one_at_a_time(pairing: Pairing, jun: Person, sam: Person) -> None:
    with pytest.raises(CannotBeDone, match="pair with them already"):
        acts.start_pairing.perform(sam, jun, **plan())
    assert [entry.kind for entry in timeline.of(pairing)] == ["practice.start_pairing"]


def test_the_form_offers_what_is_near(jun: Person) -> None:
    offered = start_pairing.wanted[0].field.choices
    assert offered is not None
    assert {key[3:5] for key, _ in offered(jun)} == {"L1", "L2"}


def test_both_note_sessions_and_the_mentor_adjusts(
    pairing: Pairing, jun: Person, sam: Person, ann: Person
) -> None:
    with pytest.raises(CannotBeDone, match="two who pair"):
        acts.note_session.perform(ann, pairing, text="I looked in.")
    with pytest.raises(CannotBeDone, match="empty"):
        acts.note_session.perform(jun, pairing, text=" ")
    acts.note_session.perform(jun, pairing, text="We read charts.")
    assert acts.adjust_plan.perform(jun, pairing, plan="Logs", why="x").state == "refused"
    for given in ({"plan": pairing.plan, "why": "x"}, {"plan": "Logs", "why": " "}):
        with pytest.raises(CannotBeDone):
            acts.adjust_plan.perform(sam, pairing, **given)
    with pytest.raises(CannotBeDone, match="future"):
        acts.adjust_plan.perform(
            sam, pairing, plan="Logs", why="Charts are known", until=clock.now().date()
        )
    acts.adjust_plan.perform(sam, pairing, plan="Logs", why="Charts are known already.")
    look_back(pairing, sam, jun)
    assert [one.duty for one in Shown.objects.all()] == ["MO-L3-5"]
    pairing.refresh_from_db()
    for deed in (acts.note_session, acts.adjust_plan):
        given = {"text": "More"} if deed is acts.note_session else {"plan": "More", "why": "x"}
        with pytest.raises(CannotBeDone, match="closed"):
            deed.perform(sam, pairing, **given)


def test_a_pairing_of_which_nothing_came_shows_nothing(
    pairing: Pairing, jun: Person, sam: Person
) -> None:
    with pytest.raises(CannotBeDone, match="Nothing to look back on"):
        acts.debrief.perform(jun, pairing, line="Well.")
    acts.note_session.perform(sam, pairing, text="We read charts.")
    look_back(pairing, jun, sam)
    pairing.refresh_from_db()
    assert pairing.closed_at is not None
    assert not Shown.objects.exists()


def test_a_named_duty_that_was_shown_since_counts(
    pairing: Pairing, jun: Person, sam: Person, house: House
) -> None:
    acts.note_session.perform(jun, pairing, text="We did a round.")
    assert not pairing.moved()
    show_a_round(jun, sam, house)
    assert pairing.moved()
    look_back(pairing, jun, sam)
    shown = Shown.objects.get(duty="MO-L3-5")
    assert (shown.person, shown.witness, shown.on) == (sam, jun, pairing.ref)


def look_back(pairing: Pairing, *people: Person) -> None:
    for person in people:
        acts.debrief.perform(person, pairing, line="We took our time.")


def show_a_round(learner: Person, witness: Person, house: House) -> None:
    """An act of this test shows the duty, as that of an app above would."""

    @act("observe", area=lambda on, given: "monitoring", shows="MO-L1-2", says="saw it")
    def see_round(on: House, by: Person) -> dict:
        """See it."""
        return {"shows": [Show("MO-L1-2", learner, on=house, witness=by)]}

    try:
        see_round.perform(witness, house)
    finally:
        KINDS.pop(see_round.name)

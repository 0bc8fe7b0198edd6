"""Standing seats: one holder at a time, passed on in writing, appointed strictly."""

from datetime import timedelta

import pytest
from tests.conftest import MakePerson

from watchbill.acts.authority import Effect
from watchbill.acts.facts import facts_of
from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.acts.perform import answer
from watchbill.acts.registry import KINDS
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House, Person, Team
from watchbill.practice.deputies import is_deputy
from watchbill.practice.models import Review
from watchbill.seats import acts, reads
from watchbill.seats.models import STOOD_AT_LEAST, Seat

pytestmark = pytest.mark.django_db
DO, WAIT, REFUSE = Effect.DO, Effect.WAIT, Effect.REFUSE


def watched(by: Person, over: Team) -> Seat:
    acts.take_watch.perform(by, over)
    return Seat.objects.get(holder=by, until=None)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("take_watch", [WAIT, DO, DO, DO]),
        ("take_care", [WAIT, DO, DO, DO]),
        ("join_watch", [DO, DO, DO, DO]),
        ("assign", [REFUSE, WAIT, DO, DO]),
        ("appoint", [REFUSE, REFUSE, REFUSE, DO]),
    ],
)
def test_levels(
    name: str, wanted: list[Effect], make_person: MakePerson, checkout: Component, house: House
) -> None:
    on = house if name == "appoint" else checkout
    people = [make_person(f"p{level}", level) for level in (1, 2, 3, 4)]
    assert [KINDS[f"seats.{name}"].may(person, on, {}).effect for person in people] == wanted


def test_one_person_holds_a_seat(ann: Person, sam: Person, team: Team, house: House) -> None:
    watched(ann, team)
    with pytest.raises(CannotBeDone, match="Ann holds"):
        acts.take_watch.perform(sam, team)
    with pytest.raises(CannotBeDone, match="already"):
        acts.take_watch.perform(ann, team)
    acts.take_watch.perform(sam, house)
    assert reads.watches().count() == 2


def test_where_a_seat_makes_sense(ann: Person, sam: Person, house: House) -> None:
    with pytest.raises(CannotBeDone, match="over a team"):
        acts.take_watch.perform(ann, sam)
    with pytest.raises(CannotBeDone, match="looks after a component"):
        acts.assign.perform(sam, house, role="caretaker", person="ann")
    with pytest.raises(CannotBeDone) as caught:
        acts.take_watch.perform(ann, house, until=clock.now() - timedelta(hours=1))
    assert caught.value.field == "until"


def test_a_hand_over_is_written_and_accepted(
    jun: Person, ann: Person, sam: Person, make_person: MakePerson, team: Team
) -> None:
    watch = watched(ann, team)
    with pytest.raises(CannotBeDone, match="not handed it over"):
        acts.accept_handover.perform(sam, watch)
    for given, field in (
        ({"to": "sam", "said": "ok"}, "said"),
        ({"to": "ann", "said": "all quiet now"}, "to"),
        ({"to": "nobody", "said": "all quiet now"}, "to"),
    ):
        with pytest.raises(CannotBeDone) as caught:
            acts.hand_over.perform(ann, watch, **given)
        assert caught.value.field == field
    assert acts.hand_over.perform(sam, watch, to="jun", said="all quiet now").state == "refused"
    acts.hand_over.perform(ann, watch, to="sam", said="all quiet now")
    with pytest.raises(CannotBeDone, match="handed over to Sam"):
        acts.accept_handover.perform(make_person("bea", 2), watch)
    acts.accept_handover.perform(sam, watch)
    old, new = Seat.objects.order_by("pk")
    assert (old.until is not None, new.holder, new.follows, new.held) == (True, sam, old, True)
    assert not Shown.objects.exists()  # nothing was logged
    with pytest.raises(CannotBeDone, match="ended"):
        acts.log.perform(ann, old, text="too late")


def test_what_others_logged_is_no_evidence(ann: Person, sam: Person, team: Team) -> None:
    watch = watched(ann, team)
    acts.log.perform(sam, watch, text="I see errors.")
    acts.hand_over.perform(ann, watch, to="sam", said="all quiet now")
    acts.accept_handover.perform(sam, watch)
    assert not Shown.objects.exists()


def test_a_learner_stands_beside_a_guide(jun: Person, ann: Person, sam: Person, team: Team) -> None:
    watched(ann, team)
    acts.join_watch.perform(jun, team)
    learning = Seat.objects.get(holder=jun)
    assert (learning.provisional, learning.under_instruction) == (True, True)
    with pytest.raises(CannotBeDone, match="has not accepted"):
        acts.log.perform(jun, learning, text="I see it.")
    with pytest.raises(CannotBeDone, match="waits for no word"):
        acts.accept_seat.perform(ann, learning)
    acts.stand_by.perform(sam, learning)
    acts.log.perform(jun, learning, text="I see it.")
    with pytest.raises(CannotBeDone, match="not handed over"):
        acts.hand_over.perform(jun, learning, to="sam", said="all quiet now")
    with pytest.raises(CannotBeDone, match="Nobody waits"):
        acts.stand_by.perform(sam, learning)
    assert "under instruction, with Sam" in reads.sentence(
        reads.seats().get(pk=learning.pk), team, clock.now()
    )


def test_a_learner_who_takes_over_leaves_the_other_seat(
    jun: Person, ann: Person, team: Team
) -> None:
    watch = watched(ann, team)
    acts.join_watch.perform(jun, team)
    acts.hand_over.perform(ann, watch, to="jun", said="all quiet now")
    answer(acts.accept_handover.perform(jun, watch).pk, ann, go_ahead=True)
    held = Seat.objects.get(until=None)
    assert (held.holder, held.under_instruction) == (jun, False)


def test_nobody_guides_themselves(sam: Person, team: Team) -> None:
    acts.join_watch.perform(sam, team)
    with pytest.raises(CannotBeDone, match="themselves"):
        acts.stand_by.perform(sam, Seat.objects.get())


def test_an_assigned_seat_holds_once_accepted(
    ann: Person, sam: Person, make_person: MakePerson, checkout: Component
) -> None:
    acts.assign.perform(sam, checkout, role="caretaker", person="ann")
    seat = Seat.objects.get()
    assert (seat.provisional, list(reads.waiting_for(ann))) == (True, [seat])
    with pytest.raises(CannotBeDone, match="Ann was asked"):
        acts.accept_seat.perform(sam, seat)
    with pytest.raises(CannotBeDone, match="has not accepted"):
        acts.hand_over.perform(ann, seat, to="sam", said="all quiet now")
    bea = make_person("bea", 2)
    acts.take_care.perform(bea, checkout)
    with pytest.raises(CannotBeDone, match="Bea holds"):
        acts.accept_seat.perform(ann, seat)
    acts.end_seat.perform(bea, Seat.objects.get(holder=bea), why="Ann does it.")
    acts.accept_seat.perform(ann, seat)
    seat.refresh_from_db()
    assert seat.held
    with pytest.raises(CannotBeDone, match="no word of yours"):
        acts.accept_seat.perform(ann, seat)


def test_a_seat_is_ended_with_a_reason(ann: Person, sam: Person, team: Team) -> None:
    watch = watched(ann, team)
    with pytest.raises(CannotBeDone, match="Say why"):
        acts.end_seat.perform(ann, watch, why=" ")
    acts.end_seat.perform(sam, watch, why="Ann fell ill.")
    with pytest.raises(CannotBeDone, match="already"):
        acts.end_seat.perform(ann, watch, why="again")


def test_only_a_lead_of_the_component_looks_back(
    ann: Person, sam: Person, lea: Person, team: Team, checkout: Component
) -> None:
    watch = watched(ann, team)
    acts.take_care.perform(sam, checkout)
    seat = Seat.objects.get(role="caretaker")
    team.members.add(sam)
    for who, on, why in (
        (lea, watch, "Only a caretaker's"), (sam, seat, "Somebody else"), (lea, seat, "is led by"),
    ):  # fmt: skip
        with pytest.raises(CannotBeDone, match=why):
            acts.look_back_on_caretaker.perform(who, on, line="well done")
    team.members.add(lea)
    with pytest.raises(CannotBeDone, match="1 to 500"):
        acts.look_back_on_caretaker.perform(lea, seat, line=" ")
    with pytest.raises(CannotBeDone, match="ended no work"):
        acts.look_back_on_caretaker.perform(lea, seat, line="well done")


def test_accountable_is_strict_and_oversees_reviews(
    make_person: MakePerson, ann: Person, sam: Person, lea: Person, house: House
) -> None:
    owner = make_person("olga", 1, owner=True)
    ends = clock.now() + timedelta(days=365)
    appoint = acts.appoint.perform(
        owner, house, area="monitoring", holder="sam", deputy="ann", term_ends=ends
    )
    assert appoint.rule == "owner"
    seat = Seat.objects.get()
    review = Review.objects.create(about=house.ref, area="monitoring", lead=ann, title="Yearly")
    other = Review.objects.create(about=house.ref, area="maintenance", lead=ann, title="Plan")
    assert not facts_of(sam).seat("oversee", review.ref)
    acts.accept_seat.perform(sam, seat)
    sam.forget()
    assert facts_of(sam).seat("oversee", review.ref)
    assert not facts_of(sam).seat("oversee", other.ref)
    assert reads.deputies("monitoring") == [ann]
    assert reads.deputies("maintenance") == []
    assert [area.value for area in reads.unfilled()] == ["incident-response", "maintenance"]

    with pytest.raises(CannotBeDone, match="not handed over"):
        acts.hand_over.perform(sam, seat, to="lea", said="all quiet now")
    with pytest.raises(CannotBeDone, match="somebody else"):
        acts.name_deputy.perform(sam, seat, deputy="sam")
    acts.name_deputy.perform(sam, seat, deputy="lea")
    assert reads.deputies("monitoring") == [lea]
    assert (is_deputy(lea, "monitoring"), is_deputy(ann, "monitoring")) == (True, False)
    with pytest.raises(CannotBeDone, match="may appoint ends it"):
        acts.end_seat.perform(make_person("tom", 3), seat, why="no")

    clock.shift(timedelta(days=366))
    sam.forget()
    assert not facts_of(sam).seat("oversee", review.ref)
    assert reads.deputies("monitoring") == []
    with pytest.raises(CannotBeDone, match="term is over"):
        acts.name_deputy.perform(sam, seat, deputy="ann")
    acts.appoint.perform(lea, house, area="monitoring", holder="ann")
    acts.accept_seat.perform(ann, Seat.objects.get(holder=ann))
    seat.refresh_from_db()
    assert seat.until is not None


def test_an_appointment_that_makes_no_sense(lea: Person, sam: Person, house: House) -> None:
    for given, field in (
        ({"area": "monitoring", "holder": "sam", "deputy": "sam"}, "deputy"),
        ({"area": "monitoring", "holder": "nobody"}, "holder"),
    ):
        with pytest.raises(CannotBeDone) as caught:
            acts.appoint.perform(lea, house, **given)
        assert caught.value.field == field
    assert acts.appoint.perform(lea, house, area="gardening", holder="sam").state == "refused"


def test_a_log_is_of_watches(ann: Person, team: Team, checkout: Component) -> None:
    acts.take_care.perform(ann, checkout)
    with pytest.raises(CannotBeDone, match="Only a watch"):
        acts.log.perform(ann, Seat.objects.get(), text="quiet")
    watch = watched_component(ann, checkout)
    for given, field in (({"text": " "}, "text"), ({"text": "x", "query": "x" * 1001}, "query")):
        with pytest.raises(CannotBeDone) as caught:
            acts.log.perform(ann, watch, **given)
        assert caught.value.field == field


def watched_component(by: Person, component: Component) -> Seat:
    acts.take_watch.perform(by, component)
    return Seat.objects.get(holder=by, role="watch", until=None)


def test_a_watch_that_is_passed_around_at_once_is_no_evidence(
    ann: Person, sam: Person, team: Team
) -> None:
    watch = watched(ann, team)
    for one, other in ((ann, sam), (sam, ann)):
        acts.log.perform(one, watch, text="All quiet.")
        acts.hand_over.perform(one, watch, to=other.username, said="all quiet now")
        acts.accept_handover.perform(other, watch)
        watch = Seat.objects.get(until=None)
    assert not Shown.objects.exists()
    acts.log.perform(ann, watch, text="All quiet.")
    clock.shift(STOOD_AT_LEAST)
    acts.hand_over.perform(ann, watch, to="sam", said="all quiet now")
    acts.accept_handover.perform(sam, watch)
    assert (Shown.objects.get().person, Shown.objects.get().on) == (ann, watch.ref)

"""Signing, returning, waiving, contesting: by whom, on what, and what holds afterwards."""

import pytest
from tests.ladder.conftest import Shows

from watchbill.acts.acts import void
from watchbill.acts.given import CannotBeDone
from watchbill.home.needs import needs_of
from watchbill.ladder.acts import (
    answer_contest,
    contest,
    note_judgement,
    return_duty,
    sign_as_owner,
    sign_duty,
    waive_duty,
)
from watchbill.ladder.models import Judgement
from watchbill.ladder.reads import Line, matrix
from watchbill.people.models import Person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


@pytest.fixture
def kim(make_person) -> Person:
    """Another L3."""
    return make_person("kim", 3)


def line(person: Person, duty: str) -> Line:
    person.forget()
    found = matrix(person).line(duty)
    assert found is not None
    return found


def marks(person: Person) -> list[str]:
    person.forget()
    return [need.mark for need in needs_of(person)]


def test_a_line_goes_from_open_to_signed(
    shows: Shows, jun: Person, ann: Person, sam: Person, kim: Person
) -> None:
    assert line(jun, "IR-L1-3").state == "open"
    shows(jun, "IR-L1-3", sam)
    assert line(jun, "IR-L1-3").state == "practised"
    assert line(jun, "IR-L1-3").missing == "one more item"
    shows(jun, "IR-L1-3", ann)
    assert line(jun, "IR-L1-3").state == "ready"
    done = sign_duty.perform(kim, jun, duty="IR-L1-3")
    assert (done.state, done.says) == ("done", "signed IR-L1-3 of Jun")
    assert line(jun, "IR-L1-3").state == "signed"
    assert marks(jun) == ["signed"]


def test_nobody_signs_without_standing(shows: Shows, jun: Person, ann: Person) -> None:
    shows(jun, "IR-L1-3", ann)
    assert sign_duty.perform(ann, jun, duty="IR-L1-3", reason="I saw it").state == "refused"
    assert return_duty.perform(ann, jun, duty="IR-L1-3", reason="r", next_act="n").state == (
        "refused"
    )
    assert waive_duty.perform(ann, jun, duty="IR-L1-3", reason="r").state == "refused"


def test_nobody_signs_for_themselves(sam: Person) -> None:
    with pytest.raises(CannotBeDone, match="own lines"):
        sign_duty.perform(sam, sam, duty="IR-L1-3", reason="I can do it")


def test_the_signer_is_not_the_only_witness(
    shows: Shows, jun: Person, sam: Person, ann: Person
) -> None:
    for _ in range(3):
        shows(jun, "IR-L4-3", sam)
    shows(jun, "IR-L1-3", sam)
    with pytest.raises(CannotBeDone, match="only witness"):
        sign_duty.perform(sam, jun, duty="IR-L4-3", reason="I saw it all")
    with pytest.raises(CannotBeDone, match="only witness"):
        sign_duty.perform(sam, jun, duty="IR-L1-3", reason="I saw it all")
    shows(jun, "IR-L1-3", ann)
    assert sign_duty.perform(sam, jun, duty="IR-L1-3").state == "done"


def test_a_witness_whose_word_does_not_count_is_no_second_witness(
    shows: Shows, make_person, jun: Person, ann: Person, sam: Person, kim: Person
) -> None:
    shows(jun, "IR-L2-1", sam)
    shows(jun, "IR-L2-1", make_person("bea", 1))  # a line of L2 is seen from L2 on
    with pytest.raises(CannotBeDone, match="only witness"):
        sign_duty.perform(sam, jun, duty="IR-L2-1", reason="I saw it")
    assert sign_duty.perform(kim, jun, duty="IR-L2-1", reason="Sam told me").state == "done"


def test_the_owner_and_an_l3_sign_only_where_no_other_l4_is(
    make_person, sam: Person, lea: Person
) -> None:
    owner = make_person("own", 1, owner=True)
    deputy = make_person("leo", 4)
    for act, by in ((sign_as_owner, owner), (sign_duty, sam)):
        with pytest.raises(CannotBeDone, match="Leo stands at L4"):
            act.perform(by, lea, duty="IR-L4-2", reason="r")
    assert line(lea, "IR-L4-2").state == "open"
    sign_duty.perform(deputy, lea, duty="IR-L4-2", reason="r")
    assert line(lea, "IR-L4-2").state == "signed"


def test_whoever_returned_it_may_sign_it_later(make_person, sam: Person, lea: Person) -> None:
    owner = make_person("own", 1, owner=True)
    leo = make_person("leo", 4)
    return_duty.perform(leo, lea, duty="IR-L4-2", reason="Too early.", next_act="oversee one")
    leo.is_active = False
    leo.save()
    assert "waits for" in sign_as_owner.perform(owner, lea, duty="IR-L4-2", reason="r").says
    leo.is_active = True
    leo.save()
    sign_duty.perform(leo, lea, duty="IR-L4-2", reason="It is shown now.")
    assert line(lea, "IR-L4-2").state == "signed"


def test_with_fewer_items_only_with_a_reason(jun: Person, sam: Person) -> None:
    with pytest.raises(CannotBeDone, match="two more items"):
        sign_duty.perform(sam, jun, duty="MO-L1-1")
    sign_duty.perform(sam, jun, duty="MO-L1-1", reason="She built these dashboards.")
    last = line(jun, "MO-L1-1").said.last
    assert last is not None
    assert last.reason == "She built these dashboards."


def test_a_line_of_l3_is_signed_by_an_l4(jun: Person, sam: Person, lea: Person) -> None:
    with pytest.raises(CannotBeDone, match="by an L4"):
        sign_duty.perform(sam, jun, duty="MA-L3-1", reason="r")
    sign_duty.perform(lea, jun, duty="MA-L3-1", reason="r")
    assert line(jun, "MA-L3-1").state == "signed"


def test_a_line_of_l4_by_another_l4(sam: Person, lea: Person) -> None:
    sign_duty.perform(lea, sam, duty="IR-L4-2", reason="r")
    assert line(sam, "IR-L4-2").state == "signed"


@pytest.mark.parametrize("first", ["owner", "senior"])
def test_a_line_of_l4_by_the_owner_and_an_l3(
    make_person, sam: Person, lea: Person, first: str
) -> None:
    owner = make_person("own", 1, owner=True)
    acts = [
        lambda: sign_as_owner.perform(owner, lea, duty="IR-L4-2", reason="r"),
        lambda: sign_duty.perform(sam, lea, duty="IR-L4-2", reason="r"),
    ]
    one, other = acts if first == "owner" else reversed(acts)
    assert "waits for" in one().says
    assert line(lea, "IR-L4-2").state == "half"
    with pytest.raises(CannotBeDone, match="second person"):
        one()
    assert "waits for" not in other().says
    assert line(lea, "IR-L4-2").state == "signed"


def test_two_l3_do_not_make_an_l4(sam: Person, kim: Person, lea: Person) -> None:
    sign_duty.perform(sam, lea, duty="IR-L4-2", reason="r")
    with pytest.raises(CannotBeDone, match="the owner signs beside them"):
        sign_duty.perform(kim, lea, duty="IR-L4-2", reason="r")


def test_one_person_is_not_both_owner_and_senior(make_person, lea: Person) -> None:
    both = make_person("own", 3, owner=True)
    sign_as_owner.perform(both, lea, duty="IR-L4-2", reason="r")
    with pytest.raises(CannotBeDone, match="second person"):
        sign_duty.perform(both, lea, duty="IR-L4-2", reason="r")


def test_the_owner_signs_no_lower_line(make_person, jun: Person) -> None:
    owner = make_person("own", 1, owner=True)
    with pytest.raises(CannotBeDone, match="lines of L4 only"):
        sign_as_owner.perform(owner, jun, duty="IR-L1-1", reason="r")


def test_what_is_returned_says_why_and_what_next(
    shows: Shows, jun: Person, ann: Person, sam: Person
) -> None:
    shows(jun, "IR-L1-3", sam)
    with pytest.raises(CannotBeDone, match="reason"):
        return_duty.perform(sam, jun, duty="IR-L1-3", reason=" ", next_act="x")
    with pytest.raises(CannotBeDone, match="one act"):
        return_duty.perform(sam, jun, duty="IR-L1-3", reason="The check was skipped.", next_act="")
    return_duty.perform(
        sam, jun, duty="IR-L1-3", reason="The check was skipped.", next_act="run it with its check"
    )
    assert line(jun, "IR-L1-3").state == "returned"
    jun.forget()
    (need,) = needs_of(jun)
    assert need.mark == "returned"
    assert "Next: run it with its check." in need.detail
    shows(jun, "IR-L1-3", ann)
    assert line(jun, "IR-L1-3").state == "ready"  # shown anew since


def test_a_duty_that_the_team_has_no_work_for_is_waived(
    jun: Person, sam: Person, lea: Person
) -> None:
    assert waive_duty.perform(sam, jun, duty="MA-L1-3", reason="r").state == "refused"
    waive_duty.perform(lea, jun, duty="MA-L1-3", reason="We have no procedures.")
    assert line(jun, "MA-L1-3").state == "waived"
    with pytest.raises(CannotBeDone, match="waived already"):
        sign_duty.perform(sam, jun, duty="MA-L1-3", reason="r")


def test_what_was_noted_leaves_now(jun: Person, sam: Person) -> None:
    sign_duty.perform(sam, jun, duty="IR-L1-3", reason="r")
    said = Judgement.objects.get()
    assert note_judgement.perform(sam, said).state == "refused"
    note_judgement.perform(jun, said)
    assert marks(jun) == []
    with pytest.raises(CannotBeDone, match="already"):
        note_judgement.perform(jun, Judgement.objects.get())


def test_a_contest_is_answered_by_somebody_else(
    jun: Person, ann: Person, sam: Person, kim: Person
) -> None:
    return_duty.perform(sam, jun, duty="IR-L1-3", reason="Too early.", next_act="one more run")
    said = Judgement.objects.get()
    with pytest.raises(CannotBeDone, match="Nobody contests"):
        answer_contest.perform(kim, said, word="falls", why="x")
    assert contest.perform(ann, said, why="hm").state == "refused"
    contest.perform(jun, said, why="I did it three times.")
    assert (marks(jun), marks(sam), marks(kim)) == ([], [], ["contest"])
    said.refresh_from_db()
    with pytest.raises(CannotBeDone, match="Somebody else"):
        answer_contest.perform(sam, said, word="stands", why="no")
    answer_contest.perform(kim, said, word="falls", why="Three runs are enough.")
    assert line(jun, "IR-L1-3").state == "open"
    assert marks(kim) == []
    jun.forget()
    (need,) = needs_of(jun)
    assert need.detail == "Your contest was answered, it is taken back: Three runs are enough."
    assert [one.pk for one in line(jun, "IR-L1-3").said.all] == [said.pk]
    said.refresh_from_db()
    with pytest.raises(CannotBeDone, match="answered already"):
        answer_contest.perform(kim, said, word="stands", why="hm")


def test_a_wrong_signature_is_voided(jun: Person, sam: Person, lea: Person) -> None:
    done = sign_duty.perform(sam, jun, duty="IR-L1-3", reason="r")
    with pytest.raises(CannotBeDone, match="signed already"):
        return_duty.perform(lea, jun, duty="IR-L1-3", reason="r", next_act="n")
    void.perform(sam, done, why="the wrong line")
    assert line(jun, "IR-L1-3").state == "open"
    assert matrix(jun).unseen == []


def test_an_unknown_duty_is_told(jun: Person, sam: Person) -> None:
    with pytest.raises(CannotBeDone, match="no duty 'IR-L9-1'"):
        sign_duty.perform(sam, jun, duty="IR-L9-1", reason="r")


def test_automations_have_no_lines(sam: Person) -> None:
    robot = Person.objects.create(username="robot", name="Robot", automation=True)
    with pytest.raises(CannotBeDone, match="no lines"):
        sign_duty.perform(sam, robot, duty="IR-L1-1", reason="r")


def test_what_a_signature_rests_on_is_shown_before(
    shows: Shows, jun: Person, ann: Person, sam: Person, kim: Person
) -> None:
    shows(jun, "MO-L2-1", ann)
    shows(jun, "MO-L2-1", sam)
    assert sign_duty.effect is not None
    assert sign_duty.effect(jun, {"duty": "MO-L2-1"}) == [
        "confirmed MO-L2-1: witnessed by Sam",
        "confirmed MO-L2-1: witnessed by Ann",
        "still missing: one more item",
    ]
    with pytest.raises(CannotBeDone, match="no duty"):
        sign_duty.effect(jun, {})

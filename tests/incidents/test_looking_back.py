"""Looking back: on a seat under instruction, and on how an incident was led, by its cadence."""

from datetime import timedelta

import pytest
from tests.incidents.conftest import Declare, seat

from watchbill.acts.acts import void
from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.home.needs import needs_of
from watchbill.incidents import acts, cadence
from watchbill.incidents.models import Incident, Severity
from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.practice.acts import debrief


def minutes(many: int) -> None:
    clock.shift(timedelta(minutes=many))


def led(incident: Incident, lead: Person, responder: Person) -> None:
    acts.take_lead.perform(lead, incident)
    acts.take_seat.perform(responder, incident)


def ended(incident: Incident, lead: Person) -> None:
    acts.resolve.perform(lead, incident, what_ended_it="It ended.")
    acts.close.perform(lead, incident)
    incident.refresh_from_db()


def on_time(incident: Incident, lead: Person) -> bool:
    return cadence.kept(incident, since=incident.seats.get(person=lead, role="lead").since)


def test_a_late_update_is_not_in_time(declare: Declare, sam: Person, ann: Person) -> None:
    incident = declare(severity=Severity.SEV2)
    led(incident, sam, ann)
    minutes(29)
    acts.post_update.perform(sam, incident, text="We look.")
    minutes(31)
    acts.post_update.perform(sam, incident, text="We looked.")
    ended(incident, sam)
    assert not on_time(incident, sam)
    acts.look_back.perform(ann, incident, line="I waited once for word.")
    assert not Shown.objects.exists(), "said, and no evidence"


def test_an_end_that_comes_late_is_not_in_time_either(
    declare: Declare, sam: Person, ann: Person
) -> None:
    incident = declare(severity=Severity.SEV1)
    led(incident, sam, ann)
    minutes(16)
    ended(incident, sam)
    assert not on_time(incident, sam)


def test_the_cadence_is_that_of_the_severity_then(
    declare: Declare, sam: Person, ann: Person
) -> None:
    incident = declare(severity=Severity.SEV4)
    led(incident, sam, ann)
    minutes(100)
    acts.set_severity.perform(sam, incident, severity=Severity.SEV1)  # due in 15 minutes
    minutes(14)
    acts.post_update.perform(sam, incident, text="Worse than we thought.")
    minutes(10)
    acts.set_severity.perform(sam, incident, severity=Severity.SEV3)  # an hour from the update
    minutes(45)
    ended(incident, sam)
    assert on_time(incident, sam)


def test_a_raised_severity_brings_the_next_one_forward(
    declare: Declare, sam: Person, ann: Person
) -> None:
    incident = declare(severity=Severity.SEV4)
    led(incident, sam, ann)
    acts.set_severity.perform(sam, incident, severity=Severity.SEV1)
    minutes(16)
    ended(incident, sam)
    assert not on_time(incident, sam)


def test_the_clock_begins_with_the_lead_and_rests_while_it_is_over(
    declare: Declare, sam: Person, ann: Person
) -> None:
    incident = declare(severity=Severity.SEV1)
    minutes(40)  # nobody leads yet
    led(incident, sam, ann)
    minutes(10)
    acts.resolve.perform(sam, incident, what_ended_it="It seems over.")
    minutes(300)
    acts.reopen.perform(sam, incident, why="It is back.")
    minutes(14)
    ended(incident, sam)
    assert on_time(incident, sam)


def test_who_may_look_back_on_the_lead(
    declare: Declare, sam: Person, ann: Person, lea: Person, jun: Person
) -> None:
    incident = declare()
    with pytest.raises(CannotBeDone, match="not closed"):
        acts.look_back.perform(ann, incident, line="Calm.")
    led(incident, sam, ann)
    acts.join_under_instruction.perform(jun, incident)
    ended(incident, sam)
    with pytest.raises(CannotBeDone, match="own lead"):
        acts.look_back.perform(sam, incident, line="Calm.")
    for somebody in (lea, jun):
        with pytest.raises(CannotBeDone, match="Only who responded"):
            acts.look_back.perform(somebody, incident, line="Calm.")
    with pytest.raises(CannotBeDone, match="One line"):
        acts.look_back.perform(ann, incident, line=" ")
    acts.look_back.perform(ann, incident, line="Calm.")
    with pytest.raises(CannotBeDone, match="written already"):
        acts.look_back.perform(ann, incident, line="Calm.")


def test_nobody_led_to_the_end(incident: Incident, sam: Person, ann: Person) -> None:
    led(incident, sam, ann)
    acts.leave_seat.perform(sam, seat(incident, sam))
    minutes(1)
    ended(incident, sam)
    with pytest.raises(CannotBeDone, match="Nobody led"):
        acts.look_back.perform(ann, incident, line="Calm.")


def test_a_seat_without_a_guide_or_without_work_shows_nothing(
    declare: Declare, jun: Person, sam: Person
) -> None:
    alone, watched = declare(), declare("Mail is slow")
    for incident in (alone, watched):
        acts.join_under_instruction.perform(jun, incident)
    acts.accept_learner.perform(sam, seat(watched, jun))
    for incident in (alone, watched):
        ended(incident, sam)
    with pytest.raises(CannotBeDone, match="stayed provisional"):
        debrief.perform(jun, alone.seats.get(person=jun), line="I watched.")
    learned = watched.seats.get(person=jun)
    assert [need.label for need in needs_of(jun)] == ["Look back"]
    debrief.perform(sam, learned, line="Next time say what you see.")
    assert not Shown.objects.exists(), "nothing of the learner's own in the timeline"
    debrief.perform(jun, learned, line="I will.")
    assert list(Shown.objects.values_list("duty", "person")) == [("IR-L3-3", sam.pk)]
    assert needs_of(jun) == []


def test_a_seat_of_a_responder_is_not_debriefed(
    incident: Incident, sam: Person, ann: Person
) -> None:
    led(incident, sam, ann)
    with pytest.raises(CannotBeDone, match="Only a seat under instruction"):
        debrief.perform(ann, seat(incident, ann), line="Fine.")


def test_whoever_handed_the_lead_over_and_left_did_not_respond_under_it(
    declare: Declare, make_person, sam: Person
) -> None:
    kim, incident = make_person("kim", 3), declare()
    acts.take_lead.perform(kim, incident)
    acts.hand_over.perform(kim, incident, to="sam", said="Nobody else is here.")
    acts.accept_seat.perform(sam, seat(incident, sam))
    ended(incident, sam)
    with pytest.raises(CannotBeDone, match="responded with the lead"):
        acts.look_back.perform(kim, incident, line="Well led.")


def test_what_was_voided_is_no_part_of_it(
    declare: Declare, jun: Person, sam: Person, ann: Person
) -> None:
    incident = declare(severity=Severity.SEV2)
    led(incident, sam, ann)
    acts.join_under_instruction.perform(jun, incident)
    acts.accept_learner.perform(sam, seat(incident, jun))
    noted = acts.note.perform(jun, incident, text="Of another incident.")
    minutes(20)
    told = acts.post_update.perform(sam, incident, text="Of another incident.")
    minutes(20)
    ended(incident, sam)
    learner = incident.seats.get(person=jun)
    assert learner.took_part()
    assert on_time(incident, sam)
    void.perform(jun, noted, why="The wrong room.")
    void.perform(sam, told, why="The wrong room.")
    assert not learner.took_part()
    assert not on_time(incident, sam)

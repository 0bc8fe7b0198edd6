"""The board: tasks are added by anybody, owned by who holds a seat, and seen through."""

import pytest
from tests.incidents.conftest import seat

from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Entry, Shown
from watchbill.incidents import acts
from watchbill.incidents.models import Incident, Task
from watchbill.people.models import Person

State = Task.State


@pytest.fixture
def task(incident: Incident, jun: Person) -> Task:
    acts.add_task.perform(jun, incident, text=" Empty the queue ")
    return Task.objects.get()


def test_a_task_goes_from_open_to_done(incident: Incident, task: Task, ann: Person) -> None:
    assert (task.text, task.state) == ("Empty the queue", State.OPEN)
    with pytest.raises(CannotBeDone, match="holds no seat"):
        acts.take_task.perform(ann, task)
    acts.take_seat.perform(ann, incident)
    acts.take_task.perform(ann, task)
    with pytest.raises(CannotBeDone, match="taken by Ann already"):
        acts.take_task.perform(ann, task)
    acts.finish_task.perform(ann, task, outcome="It is empty.")
    task.refresh_from_db()
    assert (task.state, task.owner, task.outcome) == (State.DONE, ann, "It is empty.")


@pytest.mark.parametrize("text", ["", "  ", "x" * 201])
def test_a_task_says_what_is_to_be_done(incident: Incident, jun: Person, text: str) -> None:
    with pytest.raises(CannotBeDone) as caught:
        acts.add_task.perform(jun, incident, text=text)
    assert caught.value.field == "text"


def test_it_is_handed_back_and_taken_by_somebody_else(
    incident: Incident, task: Task, ann: Person, sam: Person
) -> None:
    for person in (ann, sam):
        acts.take_seat.perform(person, incident)
    acts.take_task.perform(ann, task)
    with pytest.raises(CannotBeDone, match="Only what you own"):
        acts.finish_task.perform(sam, task, outcome="Done.")
    with pytest.raises(CannotBeDone, match="how far"):
        acts.hand_back_task.perform(ann, task, why=" ")
    assert acts.hand_back_task.perform(sam, task, why="Mine").state == Entry.State.REFUSED
    acts.hand_back_task.perform(ann, task, why="I am called away; half is moved.")
    acts.take_task.perform(sam, task)
    task.refresh_from_db()
    assert task.owner == sam


def test_the_lead_gives_tasks_to_who_holds_a_seat(
    incident: Incident, task: Task, ann: Person, sam: Person
) -> None:
    acts.take_lead.perform(sam, incident)
    with pytest.raises(CannotBeDone, match="Ann holds no seat"):
        acts.assign_task.perform(sam, incident, task=task.pk, person="ann")
    acts.take_seat.perform(ann, incident)
    with pytest.raises(CannotBeDone, match="no such task"):
        acts.assign_task.perform(sam, incident, task=99, person="ann")
    entry = acts.assign_task.perform(sam, incident, task=task.pk, person="ann")
    assert entry.says == "asked Ann to do “Empty the queue”"
    task.refresh_from_db()
    assert task.owner == ann


def test_closing_shows_who_saw_something_through_and_not_who_closed(
    incident: Incident, task: Task, ann: Person, sam: Person
) -> None:
    for person in (ann, sam):
        acts.take_seat.perform(person, incident)
    acts.take_task.perform(ann, task)
    acts.finish_task.perform(ann, task, outcome="It is empty.")
    acts.add_task.perform(sam, incident, text="Tell support")
    other = Task.objects.latest("pk")
    acts.take_task.perform(sam, other)
    acts.finish_task.perform(sam, other, outcome="They know.")
    acts.take_lead.perform(sam, incident)
    acts.resolve.perform(sam, incident, what_ended_it="The queue is empty.")
    acts.close.perform(sam, incident)
    assert list(Shown.objects.values_list("duty", "person", "on", "witness")) == [
        ("IR-L2-1", ann.pk, incident.ref, sam.pk)
    ]
    with pytest.raises(CannotBeDone, match="closed"):
        acts.add_task.perform(ann, incident, text="Too late")


def test_who_was_asked_in_and_never_came_shows_nothing(
    incident: Incident, task: Task, ann: Person, sam: Person
) -> None:
    acts.assign_seat.perform(sam, incident, person="ann")
    assert seat(incident, ann).provisional
    with pytest.raises(CannotBeDone, match="holds no seat"):
        acts.take_task.perform(ann, task)


def test_whoever_closes_without_having_led_saw_nothing(
    incident: Incident, task: Task, ann: Person, sam: Person, lea: Person
) -> None:
    acts.take_seat.perform(ann, incident)
    acts.take_task.perform(ann, task)
    acts.finish_task.perform(ann, task, outcome="It is empty.")
    acts.take_lead.perform(sam, incident)
    acts.resolve.perform(sam, incident, what_ended_it="The queue is empty.")
    acts.close.perform(lea, incident)
    assert not Shown.objects.exists()
    acts.reopen.perform(lea, incident, why="The lead closes it.")
    acts.take_lead.perform(sam, incident)
    acts.resolve.perform(sam, incident, what_ended_it="The queue is empty.")
    acts.close.perform(sam, incident)
    assert Shown.objects.get().witness == sam

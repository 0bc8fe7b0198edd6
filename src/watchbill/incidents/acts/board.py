"""The board of an incident: tasks that people add, take, hand back and see through."""

from typing import Annotated

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.incidents.models import Incident, Task
from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.practice.somebody import Somebody, named

State = Task.State
Number = Annotated[int, Field(hidden=True, label="Task")]


@act("note", says="added the task “{text}”", title="Add a task")
def add_task(
    incident: Incident, by: Person, *, text: Annotated[str, Field(label="What is to be done?")]
) -> Outcome:
    """Put one thing that is to be done on the board. Somebody takes it, or the lead asks."""
    _must_be_open(incident)
    if not 0 < len(text.strip()) <= 200:
        raise CannotBeDone("A task has between 1 and 200 characters.", field="text")
    made = Task.objects.create(incident=incident, text=text.strip(), added_by=by)
    return {"ref": made.ref}


@act("take", duties="IR-L2-1", says="took the task “{on}”", title="Take it")
def take_task(task: Task, by: Person) -> Outcome:
    """Own it until it is done. It takes a seat: the others see who works on what."""
    _must_be_open(task.incident)
    _must_be(task, State.OPEN)
    _own(task, by)
    return {}


@act(
    "lead",
    duties="IR-L3-1",
    says="asked {who} to do “{what}”",
    title="Give it to somebody",
    moves=False,
)
def assign_task(incident: Incident, by: Person, *, task: Number, person: Somebody) -> Outcome:
    """Ask somebody who holds a seat to do it. They hand it back if they cannot."""
    _must_be_open(incident)
    found = incident.tasks.select_for_update().filter(pk=task).first()
    if found is None:
        raise CannotBeDone("There is no such task in this incident.", field="task")
    _must_be(found, State.OPEN)
    _own(found, named(person, field="person"))
    return {"ref": found.ref, "who": str(found.owner), "what": found.text}


@act(
    "take",
    duties="IR-L2-1",
    own=lambda task, person: task.owner_id == person.pk,
    says="finished “{on}”: {outcome}",
    title="Done",
)
def finish_task(
    task: Task, by: Person, *, outcome: Annotated[str, Field(label="What came of it?")]
) -> Outcome:
    """Say that it is done and what came of it. Only its owner does."""
    _must_be_open(task.incident)
    _must_be_mine(task, by)
    if not 0 < len(outcome.strip()) <= 500:
        raise CannotBeDone("Say in a sentence what came of it.", field="outcome")
    task.state, task.outcome, task.done_at = State.DONE, outcome.strip(), clock.now()
    task.save(update_fields=["state", "outcome", "done_at"])
    return {}


@act(
    "own",
    own=lambda task, person: task.owner_id == person.pk,
    says="handed “{on}” back: {why}",
    title="Hand it back",
)
def hand_back_task(
    task: Task, by: Person, *, why: Annotated[str, Field(label="Why, and how far it is")]
) -> Outcome:
    """Give it up in time. Somebody else takes it; nothing is held against anybody."""
    _must_be_open(task.incident)
    _must_be_mine(task, by)
    if not why.strip():
        raise CannotBeDone("Say how far it is.", field="why", hint="The next one starts there.")
    task.state, task.owner, task.taken_at = State.OPEN, None, None
    task.save(update_fields=["state", "owner", "taken_at"])
    return {}


def _own(task: Task, person: Person) -> None:
    seats = task.incident.seats.filter(person=person, provisional=False, until=None)
    if not seats.exists():
        raise CannotBeDone(
            f"{person} holds no seat here.", hint="Take a seat first; then everybody sees it."
        )
    task.state, task.owner, task.taken_at = State.TAKEN, person, clock.now()
    task.save(update_fields=["state", "owner", "taken_at"])


def _must_be(task: Task, state: State) -> None:
    if task.state != state:
        by = f" by {task.owner}" if task.owner else ""
        raise CannotBeDone(f"It is {task.get_state_display().lower()}{by} already.")


def _must_be_mine(task: Task, by: Person) -> None:
    if task.state != State.TAKEN or task.owner_id != by.pk:
        raise CannotBeDone("Only what you own you finish or hand back.")


def _must_be_open(incident: Incident) -> None:
    if incident.state == Incident.State.CLOSED:
        raise CannotBeDone("The incident is closed.", hint="Reopen it first.")

"""What people do with improvements: propose, decide, carry out, say what came of it."""

from datetime import date
from typing import Annotated

from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject, UnknownSubject, find
from watchbill.practice.about import area_of
from watchbill.practice.acts.reviews import must_be_open
from watchbill.practice.models import Improvement, Review
from watchbill.practice.somebody import Somebody, named

State = Improvement.State


@act(
    "suggest",
    area=area_of,
    duties="IR-L2-5 MO-L1-4",
    says="proposed “{title}”",
    title="Propose an improvement",
)
def propose_improvement(
    on: Subject,
    by: Person,
    *,
    title: str,
    expected: Annotated[str, Field(long=True, label="Effect expected")],
    measure: Annotated[str, Field(help="PromQL that gives one number; read before and after")] = "",
) -> Outcome:
    """Propose work that would make this less likely or less bad, and the effect you expect."""
    if not title.strip():
        raise CannotBeDone("It needs a title.", field="title")
    if not expected.strip():
        raise CannotBeDone(
            "Say what will be better afterwards.", field="expected", hint="A number is best."
        )
    if isinstance(on, Review):
        must_be_open(on)
    work = Improvement.objects.create(
        about=on.ref, area=area_of(on, {}), title=title.strip()[:200], expected=expected.strip(),
        measure=measure.strip(), proposed_by=by,
    )  # fmt: skip
    return {"ref": work.ref, "url": work.get_absolute_url()}


@act(
    "lead",
    tier=Tier.ROUTINE,
    duties="IR-L3-5",
    says="accepted “{on}”: {owned_by} by {due}",
    title="Accept",
)
def accept_improvement(
    work: Improvement, by: Person, *, owner: Somebody, due: date, why: Long = ""
) -> Outcome:
    """Decide to do it: who owns it, and by when."""
    _must_be(work, State.PROPOSED)
    if due < clock.now().date():
        raise CannotBeDone("The date is past.", field="due")
    work.owner, work.due = named(owner, field="owner"), due
    _decide(work, by, State.ACCEPTED, why)
    return {"owned_by": str(work.owner)}


@act(
    "lead",
    tier=Tier.ROUTINE,
    duties="IR-L3-5",
    says="declined “{on}”: {why}",
    title="Decline",
)
def decline_improvement(work: Improvement, by: Person, *, why: Long) -> Outcome:
    """Decide against it, with the reason. It counts for whoever proposed it all the same."""
    _must_be(work, State.PROPOSED)
    if not why.strip():
        raise CannotBeDone("A proposal is declined with a reason.", field="why")
    _decide(work, by, State.DECLINED, why)
    return {}


@act("note", says="linked “{on}” to {what}", title="Link the change that carries it out")
def link_change(
    work: Improvement,
    by: Person,
    *,
    change: Annotated[str, Field(help="its reference, such as maintenance.change:3")],
) -> Outcome:
    """Say which change carries this out; each is then shown with the other."""
    try:
        found = find(change)
    except UnknownSubject as error:
        raise CannotBeDone(f"There is no such change: {error}.", field="change") from None
    work.change = found.ref
    work.save(update_fields=["change"])
    return {"what": str(found), "ref": found.ref}


@act(
    "improve",
    tier=Tier.ROUTINE,
    duties="IR-L3-5",
    own=lambda work, person: work.owner_id == person.pk,
    says="completed “{on}”: {outcome}",
    title="Complete",
)
def complete_improvement(work: Improvement, by: Person, *, outcome: Long) -> Outcome:
    """Say what came of it, also when it did not help; the measure is read again."""
    _must_be(work, State.ACCEPTED)
    if not outcome.strip():
        raise CannotBeDone("Say what came of it.", field="outcome")
    work.outcome, work.state, work.done_at = outcome.strip(), State.DONE, clock.now()
    work.save(update_fields=["outcome", "state", "done_at"])
    return {}


def _decide(work: Improvement, by: Person, state: State, why: str) -> None:
    work.state, work.decision = state, why.strip()
    work.decided_by, work.decided_at = by, clock.now()
    work.save()


def _must_be(work: Improvement, state: State) -> None:
    if work.state != state:
        raise CannotBeDone(f"It is {work.get_state_display().lower()} already.")

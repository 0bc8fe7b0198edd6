"""What people do with improvements: propose, decide, carry out, say what came of it."""

from datetime import date
from typing import Annotated

from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject, UnknownSubject, find
from watchbill.practice.about import area_of
from watchbill.practice.acts.reviews import must_be_open
from watchbill.practice.confirming import why_not_confirmed_by
from watchbill.practice.models import Improvement, Review, ReviewEntry
from watchbill.practice.somebody import Somebody, named

State = Improvement.State
SYSTEMIC = "It alters what made the fault possible, not only this one fault."


@act(
    "suggest",
    area=area_of,
    duties="IR-L2-5 MO-L1-4 MO-L2-4",
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
    systemic: Annotated[bool, Field(label="Systemic", help=SYSTEMIC)] = False,
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
        measure=measure.strip(), proposed_by=by, systemic=systemic,
    )  # fmt: skip
    return {"ref": work.ref, "url": work.get_absolute_url()}


@act(
    "lead",
    tier=Tier.ROUTINE,
    duties="IR-L3-5",
    shows="IR-L2-5 MO-L2-4",
    says="accepted “{on}”: {owned_by} by {due}",
    title="Accept",
)
def accept_improvement(
    work: Improvement,
    by: Person,
    *,
    owner: Somebody,
    due: date,
    why: Annotated[str, Field(long=True, help="Whoever proposed it learns from the reason.")] = "",
    systemic: Annotated[bool, Field(label="Systemic", help=SYSTEMIC)] = False,
) -> Outcome:
    """Decide to do it: who owns it, and by when."""
    _must_be(work, State.PROPOSED)
    if due < clock.now().date():
        raise CannotBeDone("The date is past.", field="due")
    work.owner, work.due = named(owner, field="owner"), due
    work.systemic = work.systemic or systemic
    _decide(work, by, State.ACCEPTED, why)
    return {"owned_by": str(work.owner), "shows": _proposing(work, by)}


@act(
    "lead",
    tier=Tier.ROUTINE,
    duties="IR-L3-5",
    shows="IR-L2-5 MO-L2-4",
    says="declined “{on}”: {why}",
    title="Decline",
)
def decline_improvement(work: Improvement, by: Person, *, why: Long) -> Outcome:
    """Decide against it, with the reason. It counts for whoever proposed it all the same."""
    _must_be(work, State.PROPOSED)
    if not why.strip():
        raise CannotBeDone("A proposal is declined with a reason.", field="why")
    _decide(work, by, State.DECLINED, why)
    return {"shows": _proposing(work, by)}


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
    if work.aim and work.before is None:
        raise CannotBeDone(
            "Its measure before the work is not read yet.",
            hint="It is read within a minute; correct the measure if it cannot be.",
        )
    work.outcome, work.state, work.done_at = outcome.strip(), State.DONE, clock.now()
    work.save(update_fields=["outcome", "state", "done_at"])
    return {}


@act(
    "improve",
    tier=Tier.ROUTINE,
    own=lambda work, person: work.owner_id == person.pk,
    says="set the measure of “{on}” to {measure}",
    title="Correct the measure",
)
def set_measure(
    work: Improvement,
    by: Person,
    *,
    measure: Annotated[str, Field(label="PromQL", help="It gives one number.")],
) -> Outcome:
    """Ask for another number, while none was read yet."""
    _must_be(work, State.ACCEPTED)
    if work.before is not None:
        raise CannotBeDone("It was read already: the effect is told by the same measure.")
    if not 0 < len(measure.strip()) <= 1000:
        raise CannotBeDone("A query has 1 to 1000 characters.", field="measure")
    work.measure, work.measure_problem = measure.strip(), ""
    work.save(update_fields=["measure", "measure_problem"])
    return {}


@act(
    "review",
    area=area_of,
    shows="IR-L3-5 MO-L3-3 MA-L3-3",
    says="confirmed the effect of “{on}”, {found}: {seen}",
    title="Confirm the effect",
    moves=True,
)
def confirm_effect(
    work: Improvement,
    by: Person,
    *,
    effect: Improvement.Effect,
    seen: Annotated[str, Field(label="What you saw", help="In a sentence, with the numbers.")],
) -> Outcome:
    """Say as somebody else whether it did what was expected. No effect is an answer too."""
    if work.state != State.DONE:
        raise CannotBeDone("It is not done yet.", hint="Its owner completes it first.")
    if work.confirmed_by_id is not None:
        raise CannotBeDone(f"{work.confirmed_by} confirmed it already.")
    if missing := work.waits_for:
        raise CannotBeDone(
            f"{missing[0].upper()}{missing[1:]} is not read yet.",
            hint=work.measure_problem and f"It {work.measure_problem}.",
        )
    if why_not := why_not_confirmed_by(work, by):
        raise CannotBeDone(why_not)
    if not 0 < len(seen.strip()) <= 500:
        raise CannotBeDone("Say what you saw in 1 to 500 characters.", field="seen")
    work.effect, work.effect_word = effect, seen.strip()
    work.confirmed_by, work.confirmed_at = by, clock.now()
    work.save()
    return {"found": effect.label, "shows": _confirmed(work, by)}


def _confirmed(work: Improvement, by: Person) -> list[Show]:
    """What an effect that somebody else confirmed shows: of its initiator, of a review's lead."""
    if work.aim:
        duty = "MO-L3-3" if work.aim == Improvement.Aim.PREVENTION else "MA-L3-3"
        return [Show(duty, work.proposed_by, on=work, witness=by)]
    review = work.of_review
    verified = work.systemic and work.effect != Improvement.Effect.NONE
    if review is None or not verified or not review.audience:
        return []
    if review.kind != Review.Kind.POST_INCIDENT or review.area != Area.INCIDENT_RESPONSE:
        return []
    return [Show("IR-L3-5", review.lead, on=review, witness=by)]


def _proposing(work: Improvement, by: Person) -> list[Show]:
    """What a proposal that was decided with a reason shows of whoever made it."""
    review, proposer = work.of_review, work.proposed_by
    if review is None or not work.decision or by.pk == proposer.pk:
        return []
    if review.kind == Review.Kind.RETROSPECTIVE:
        return [Show("MO-L2-4", proposer, on=work, witness=by)]
    of_incident = review.kind == Review.Kind.POST_INCIDENT
    analysed = review.entries.filter(by=proposer, kind=ReviewEntry.Kind.ANALYSIS).exists()
    if of_incident and analysed and review.area == Area.INCIDENT_RESPONSE:
        return [Show("IR-L2-5", proposer, on=work, witness=by)]
    return []


def _decide(work: Improvement, by: Person, state: State, why: str) -> None:
    work.state, work.decision = state, why.strip()
    work.decided_by, work.decided_at = by, clock.now()
    work.save()


def _must_be(work: Improvement, state: State) -> None:
    if work.state != state:
        raise CannotBeDone(f"It is {work.get_state_display().lower()} already.")

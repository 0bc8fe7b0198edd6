"""What people do in reviews and with improvements."""

from datetime import date
from typing import Annotated, Any

from watchbill.acts.authority import Mode
from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject, UnknownSubject, find
from watchbill.practice.models import Debrief, Improvement, Review, ReviewEntry
from watchbill.practice.somebody import Somebody, named

State = Improvement.State


def _area(on: Subject, given: Given) -> str:
    return str(getattr(on, "area", Area.INCIDENT_RESPONSE))


@act(
    "lead",
    area=_area,
    tier=Tier.ROUTINE,
    duties="IR-L3-5",
    says="opened the review “{title}”, led by {led_by}",
    title="Open a review",
    moves=False,
)
def open_review(on: Subject, by: Person, *, title: str = "", lead: Somebody = "") -> Outcome:
    """Look back together. Everybody may add to it until it is published."""
    if Review.objects.filter(about=on.ref, state=Review.State.OPEN).exists():
        raise CannotBeDone("A review of this is open already.", hint="Add to that one.")
    leader = named(lead, field="lead") if lead else by
    if open_review.may(leader, on).mode is Mode.NOT_YET:
        raise CannotBeDone(
            f"{leader} may not lead a review yet.", field="lead", hint="Name an L2 or above."
        )
    review = Review.objects.create(
        about=on.ref, area=_area(on, {}), lead=leader, title=title.strip()[:200] or f"Review: {on}"
    )
    return {
        "ref": review.ref, "url": review.get_absolute_url(),
        "title": review.title, "led_by": str(leader),
    }  # fmt: skip


@act(
    "review",
    duties="IR-L1-4 IR-L2-5",
    says="added an entry to “{on}”: {text}",
    title="Add what you saw or learned",
)
def add_entry(review: Review, by: Person, *, kind: ReviewEntry.Kind, text: Long) -> Outcome:
    """Say what you saw, learned or think was at work. Nobody can edit it but by answering."""
    _must_be_open(review)
    if not text.strip():
        raise CannotBeDone("It is empty.", field="text", hint="One sentence is enough.")
    entry = ReviewEntry.objects.create(review=review, kind=kind, text=text.strip(), by=by)
    return {"entry": entry.pk}


@act(
    "lead",
    tier=Tier.ROUTINE,
    duties="IR-L3-5",
    says="answered {whose} in “{on}”",
    title="Answer",
    moves=False,
)
def answer_entry(
    review: Review, by: Person, *, entry: Annotated[int, Field(hidden=True)], answer: Long
) -> Outcome:
    """Say what the review makes of an entry: taken up, explained, or left and why."""
    _must_be_open(review)
    found = review.entries.select_related("by").filter(pk=entry).first()
    if found is None:
        raise CannotBeDone("There is no such entry in this review.", field="entry")
    if not answer.strip():
        raise CannotBeDone("The answer is empty.", field="answer")
    found.answer, found.answered_by, found.answered_at = answer.strip(), by, clock.now()
    found.save(update_fields=["answer", "answered_by", "answered_at"])
    return {"whose": f"the {found.get_kind_display().lower()} of {found.by}", "to": found.by_id}


@act(
    "lead",
    tier=Tier.ROUTINE,
    duties="IR-L3-5",
    says="published the review “{on}”",
    title="Publish the review",
)
def publish_review(review: Review, by: Person, *, findings: Long) -> Outcome:
    """Close it and share what was found. Proposals in it must be decided first."""
    _must_be_open(review)
    if len(findings.split()) < 3:
        raise CannotBeDone(
            "Say what was found.",
            field="findings",
            hint="What made it possible? Usually several things.",
        )
    waiting = Improvement.objects.filter(about=review.ref, state=State.PROPOSED).count()
    if waiting:
        raise CannotBeDone(
            f"{waiting} proposed improvements wait for a decision.",
            hint="Accept or decline each with a reason, then publish.",
        )
    review.findings, review.state = findings.strip(), Review.State.PUBLISHED
    review.published_at = clock.now()
    review.save(update_fields=["findings", "state", "published_at"])
    return {"url": review.get_absolute_url()}


@act(
    "suggest",
    area=_area,
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
        _must_be_open(on)
    work = Improvement.objects.create(
        about=on.ref, area=_area(on, {}), title=title.strip()[:200], expected=expected.strip(),
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


@act(
    "review",
    area=_area,
    tier=Tier.ROUTINE,
    duties="IR-L1-1 IR-L1-3 IR-L3-3 MA-L1-2 MA-L3-4",
    says="looked back on “{what}”: {line}",
    title="Debrief",
    moves=False,
)
def debrief(
    on: Subject,
    by: Person,
    *,
    line: Annotated[str, Field(label="In a line", help="What went well, what to do differently?")],
) -> Outcome:
    """Look back on a guided act: one line from who learned, one from who guided."""
    entry: Any = on
    if entry._meta.label_lower != "acts.entry" or entry.guide_id is None:
        raise CannotBeDone("Only an act that was guided is debriefed.", field="on")
    roles = {entry.guide_id: Debrief.Role.GUIDE, entry.by_id: Debrief.Role.LEARNER}
    role = roles.get(by.pk)
    if role is None:
        raise CannotBeDone("Only who learned and who guided debrief it.")
    if not 0 < len(line.strip()) <= 500:
        raise CannotBeDone("One line, of at most 500 characters.", field="line")
    if Debrief.objects.filter(entry=entry.pk, role=role).exists():
        raise CannotBeDone("Your line is written already.", hint="Add a note instead.")
    Debrief.objects.create(entry=entry.pk, about=entry.subject, role=role, by=by, line=line.strip())
    return {"ref": entry.subject, "what": entry.says}


def _decide(work: Improvement, by: Person, state: State, why: str) -> None:
    work.state, work.decision = state, why.strip()
    work.decided_by, work.decided_at = by, clock.now()
    work.save()


def _must_be_open(review: Review) -> None:
    if review.state != Review.State.OPEN:
        raise CannotBeDone("The review is published.", hint="Propose improvements on their own.")


def _must_be(work: Improvement, state: State) -> None:
    if work.state != state:
        raise CannotBeDone(f"It is {work.get_state_display().lower()} already.")

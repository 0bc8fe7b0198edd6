"""What people do in reviews: open one, add to it, answer, publish what was found."""

from typing import Annotated

from watchbill.acts.authority import Mode
from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject
from watchbill.practice.about import area_of
from watchbill.practice.models import Improvement, Review, ReviewEntry
from watchbill.practice.somebody import Somebody, named


@act(
    "lead",
    area=area_of,
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
        about=on.ref,
        area=area_of(on, {}),
        lead=leader,
        title=title.strip()[:200] or f"Review: {on}",
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
    must_be_open(review)
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
    must_be_open(review)
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
    must_be_open(review)
    if len(findings.split()) < 3:
        raise CannotBeDone(
            "Say what was found.",
            field="findings",
            hint="What made it possible? Usually several things.",
        )
    waiting = Improvement.objects.filter(about=review.ref, state=Improvement.State.PROPOSED).count()
    if waiting:
        raise CannotBeDone(
            f"{waiting} proposed improvements wait for a decision.",
            hint="Accept or decline each with a reason, then publish.",
        )
    review.findings, review.state = findings.strip(), Review.State.PUBLISHED
    review.published_at = clock.now()
    review.save(update_fields=["findings", "state", "published_at"])
    return {"url": review.get_absolute_url()}


def must_be_open(review: Review) -> None:
    """Raises CannotBeDone once it is published."""
    if review.state != Review.State.OPEN:
        raise CannotBeDone("The review is published.", hint="Propose improvements on their own.")

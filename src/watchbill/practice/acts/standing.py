"""What people do in reviews of how things stand: gaps, decisions, signing and countersigning."""

from datetime import date
from typing import Annotated, Any

from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.people.models import Person
from watchbill.practice.acts.reviews import LEADING, must_be_open, publish
from watchbill.practice.confirming import why_not_countersigned_by
from watchbill.practice.coverage import components_of
from watchbill.practice.models import Decision, Gap, Review
from watchbill.practice.scope import SIGNING, TOPICS, signing_tier, topic_choices
from watchbill.practice.somebody import Somebody, named


def _components(review: Any) -> list[tuple[str, str]]:
    found = components_of(review.matter).order_by("name", "pk")
    return [(component.slug, str(component)) for component in found[:500]]


@act("review", says="found a gap on {where}: {what}", title="Add a gap", duties="MO-L3-1")
def add_gap(
    review: Review,
    by: Person,
    *,
    component: Annotated[str, Field(choices=_components)],
    what: Annotated[str, Field(label="What is not watched?", help="In a sentence.")],
    owner: Somebody = "",
    due: date | None = None,
) -> Outcome:
    """Say what nobody would notice. Everybody may; the lead sees that each gap gets an owner."""
    _must_be_coverage(review)
    found = components_of(review.matter).filter(slug=component).first()
    if found is None:
        raise CannotBeDone("The review does not cover such a component.", field="component")
    if not 0 < len(what.strip()) <= 500:
        raise CannotBeDone("Say it in 1 to 500 characters.", field="what")
    _not_past(due)
    gap = Gap.objects.create(
        review=review, component=found, what=what.strip(), by=by, due=due,
        owner=named(owner, field="owner") if owner else None,
    )  # fmt: skip
    if review.no_gap:
        review.no_gap = ""
        review.save(update_fields=["no_gap"])
    return {"refs": [gap.ref, found.ref], "gap": gap.pk, "where": str(found)}


@act(
    "lead",
    tier=Tier.ROUTINE,
    duties="MO-L3-1",
    says="assigned a gap to {owned_by}, due {due}",
    title="Assign",
    moves=False,
)
def assign_gap(
    review: Review,
    by: Person,
    *,
    gap: Annotated[int, Field(hidden=True)],
    owner: Somebody,
    due: date,
) -> Outcome:
    """Say who closes the gap, and by when."""
    _must_be_coverage(review)
    found = review.gaps.filter(pk=gap).first()
    if found is None:
        raise CannotBeDone("There is no such gap in this review.", field="gap")
    _not_past(due)
    found.owner, found.due = named(owner, field="owner"), due
    found.save(update_fields=["owner", "due"])
    return {"refs": [found.ref], "owned_by": str(found.owner)}


@act(
    "lead",
    tier=Tier.ROUTINE,
    duties="MO-L3-1",
    says="found nothing missing: {because}",
    title="State that nothing is missing",
)
def state_no_gap(review: Review, by: Person, *, because: Long) -> Outcome:
    """Say that everything is covered, and how you know."""
    _must_be_coverage(review)
    if review.gaps.exists():
        raise CannotBeDone("There are gaps in it.", hint="Assign them, then publish.")
    if not because.strip():
        raise CannotBeDone("Say how you know.", field="because")
    review.no_gap = because.strip()
    review.save(update_fields=["no_gap"])
    return {}


@act(
    "improve",
    tier=Tier.ROUTINE,
    own=lambda gap, person: gap.owner_id == person.pk,
    says="closed the gap “{on}”: {outcome}",
    title="Close the gap",
)
def close_gap(gap: Gap, by: Person, *, outcome: Long) -> Outcome:
    """Say what watches it now, or why it stays open to the risk."""
    if gap.closed_at is not None:
        raise CannotBeDone("It is closed already.")
    if gap.review.state != Review.State.PUBLISHED:
        raise CannotBeDone("Its review is still open.", hint="It is closed after it is published.")
    if not outcome.strip():
        raise CannotBeDone("Say what watches it now.", field="outcome")
    gap.outcome, gap.closed_at = outcome.strip(), clock.now()
    gap.save(update_fields=["outcome", "closed_at"])
    return {"url": gap.review.get_absolute_url()}


@act(
    "lead",
    tier=Tier.ROUTINE,
    duties=LEADING,
    says="recorded a decision of “{on}”: {text}",
    title="Record a decision",
)
def add_decision(
    review: Review,
    by: Person,
    *,
    topic: Annotated[str, Field(choices=topic_choices)],
    text: Annotated[str, Field(long=True, label="What is decided", help="Or accepted, and why.")],
    owner: Somebody,
    due: date,
) -> Outcome:
    """Write down what is done or accepted, who sees to it, and by when."""
    must_be_open(review)
    if not review.is_signed:
        raise CannotBeDone(
            f"A {review.get_kind_display()} records no decisions.",
            hint="Propose an improvement instead.",
        )
    topics = TOPICS[review.kind]
    if topic not in topics:
        raise CannotBeDone("There is no such topic.", field="topic", hint=", ".join(topics))
    if not text.strip():
        raise CannotBeDone("Say what is decided.", field="text")
    _not_past(due)
    made = Decision.objects.create(
        review=review, topic=topic, text=text.strip(), owner=named(owner, field="owner"), due=due,
        by=by,
    )  # fmt: skip
    return {"decision": made.pk}


@act(
    "oversee",
    tier=signing_tier,
    duties=" ".join(SIGNING.values()),
    says="signed the {what} “{on}”, with {many}",
    title="Sign the review",
    effect=lambda on, given: [
        f"{one.get_topic_display()}: {one.text} ({one.owner}, {one.due:%d %b %Y})"
        for one in on.decisions.select_related("owner").order_by("pk")
    ],
)
def sign_review(
    review: Review,
    by: Person,
    *,
    findings: Annotated[str, Field(long=True, help="How the area stands, in a few sentences.")],
) -> Outcome:
    """Answer for how the area stands and for what was decided. It is published with that."""
    if not review.is_signed:
        raise CannotBeDone(
            f"A {review.get_kind_display()} is published, not signed.", hint="Publish it."
        )
    must_be_open(review)
    many = review.decisions.count()
    if not many:
        raise CannotBeDone(
            "A review without decisions is not signed.",
            hint="Record at least one: what is done or accepted, by whom, by when.",
        )
    publish(review, by, findings)
    return {
        "what": review.get_kind_display(), "url": review.get_absolute_url(),
        "many": f"{many} decision{'' if many == 1 else 's'}",
    }  # fmt: skip


@act(
    "review",
    shows="MO-L3-1 " + " ".join(SIGNING.values()),
    says="countersigned “{on}”: {word}",
    title="Countersign",
    moves=True,
)
def countersign_review(
    review: Review,
    by: Person,
    *,
    word: Annotated[str, Field(label="In a line", help="What you looked at, what you make of it.")],
) -> Outcome:
    """Say as a second person that you read it and stand by it."""
    if why_not := why_not_countersigned_by(review, by):
        raise CannotBeDone(why_not)
    if not 0 < len(word.strip()) <= 500:
        raise CannotBeDone("One line, of at most 500 characters.", field="word")
    review.countersigned_by, review.countersigned_at = by, clock.now()
    review.countersign_word = word.strip()
    review.save(update_fields=["countersigned_by", "countersigned_at", "countersign_word"])
    return {"shows": _countersigned(review, by)}


def _countersigned(review: Review, by: Person) -> list[Show]:
    """What a review that a second person stands by shows of whoever led or signed it."""
    if review.is_signed:
        signer = review.published_by
        return [Show(SIGNING[review.kind], signer, on=review, witness=by)] if signer else []
    if not review.gaps.exists():
        return []
    return [Show("MO-L3-1", review.lead, on=review, witness=by)]


def _must_be_coverage(review: Review) -> None:
    must_be_open(review)
    if review.kind != Review.Kind.COVERAGE:
        raise CannotBeDone(
            f"A {review.get_kind_display()} names no gaps.", hint="Open a coverage review."
        )


def _not_past(due: date | None) -> None:
    if due is not None and due < clock.now().date():
        raise CannotBeDone("The date is past.", field="due")

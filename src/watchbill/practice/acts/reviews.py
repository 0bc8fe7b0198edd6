"""What people do in reviews: open one, add to it, answer, publish what was found."""

from typing import Annotated

from watchbill.acts.authority import Mode
from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject
from watchbill.practice.models import Improvement, Review, ReviewEntry
from watchbill.practice.scope import area_of_review, kind_choices, kinds_for
from watchbill.practice.somebody import Somebody, named

LEADING = "IR-L3-5 MO-L3-1"  # duties that are practised by leading a review, in their areas


@act(
    "lead",
    area=area_of_review,
    tier=Tier.ROUTINE,
    duties=LEADING,
    says="opened the review “{title}”, led by {led_by}",
    title="Open a review",
    moves=False,
)
def open_review(
    on: Subject,
    by: Person,
    *,
    title: str = "",
    lead: Somebody = "",
    kind: Annotated[str, Field(choices=kind_choices, help="Empty: the usual one.")] = "",
    agenda: Annotated[str, Field(long=True, help="What is looked at, in which order.")] = "",
) -> Outcome:
    """Look back together. Everybody may add to it until it is published."""
    fitting = kinds_for(on)
    if kind and kind not in fitting:
        raise CannotBeDone(
            "There is no such review of this.",
            field="kind",
            hint="What there is: " + ", ".join(f"{one.value} ({one.label})" for one in fitting),
        )
    chosen = Review.Kind(kind) if kind else fitting[0]
    if Review.objects.filter(about=on.ref, kind=chosen, state=Review.State.OPEN).exists():
        raise CannotBeDone("A review of this is open already.", hint="Add to that one.")
    leader = named(lead, field="lead") if lead else by
    if open_review.may(leader, on, {"kind": chosen}).mode is Mode.NOT_YET:
        raise CannotBeDone(
            f"{leader} may not lead a review yet.", field="lead", hint="Name an L2 or above."
        )
    review = Review.objects.create(
        about=on.ref,
        kind=chosen,
        area=area_of_review(on, {"kind": chosen}),
        lead=leader,
        title=title.strip()[:200] or _usual_title(on, chosen),
        agenda=agenda.strip(),
    )
    return {
        "ref": review.ref, "url": review.get_absolute_url(),
        "title": review.title, "led_by": str(leader),
    }  # fmt: skip


def _usual_title(on: Subject, kind: Review.Kind) -> str:
    word = "review" if kind is Review.Kind.POST_INCIDENT else kind.label
    return f"{word.capitalize()}: {on}"[:200]


@act(
    "review",
    duties="IR-L1-4 IR-L2-5 MO-L2-4",
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
    duties=LEADING,
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
    duties=LEADING,
    shows="IR-L1-4 MO-L2-4",
    says="published the review “{on}”",
    title="Publish the review",
)
def publish_review(
    review: Review,
    by: Person,
    *,
    findings: Long,
    audience: Annotated[
        str, Field(label="Shared with", help="Who should read it: teams, stakeholders, everybody.")
    ] = "",
) -> Outcome:
    """Close it and share what was found. Proposals in it must be decided first."""
    if review.is_signed:
        raise CannotBeDone(
            f"A {review.get_kind_display()} is signed.",
            hint="Record what is decided; whoever oversees the area signs it.",
        )
    if review.kind == Review.Kind.COVERAGE:
        _must_be_told(review)
    publish(review, by, findings, audience)
    return {"url": review.get_absolute_url(), "shows": _contributions(review, by)}


def publish(review: Review, by: Person, findings: str, audience: str = "") -> None:
    """End the review with its findings. Raises CannotBeDone while something of it is open."""
    must_be_open(review)
    if len(findings.split()) < 3:
        raise CannotBeDone(
            "Say what was found.",
            field="findings",
            hint="What made it possible? Usually several things.",
        )
    if len(audience.strip()) > 200:
        raise CannotBeDone("At most 200 characters.", field="audience")
    waiting = Improvement.objects.filter(about=review.ref, state=Improvement.State.PROPOSED).count()
    if waiting:
        raise CannotBeDone(
            f"{waiting} proposed improvements wait for a decision.",
            hint="Accept or decline each with a reason, then publish.",
        )
    review.findings, review.state = findings.strip(), Review.State.PUBLISHED
    review.audience = audience.strip()
    review.published_at, review.published_by = clock.now(), by
    review.save()


def _must_be_told(review: Review) -> None:
    """A coverage review names what is missing, with an owner each, or says that nothing is."""
    gaps = list(review.gaps.order_by("pk"))
    if not gaps and not review.no_gap:
        raise CannotBeDone(
            "It says nothing of what is missing.",
            hint="Add the gaps, or state that there is none and how you know.",
        )
    if nobodys := [gap for gap in gaps if gap.owner_id is None or gap.due is None]:
        raise CannotBeDone(
            f"{len(nobodys)} of its gaps have no owner: “{nobodys[0]}”.",
            hint="Assign each with a date, then publish.",
        )


def _contributions(review: Review, by: Person) -> list[Show]:
    """What is shown of those who put something in: that it was received and published."""
    if review.kind == Review.Kind.POST_INCIDENT and review.area == Area.INCIDENT_RESPONSE:
        kinds = (ReviewEntry.Kind.OBSERVATION, ReviewEntry.Kind.LESSON)
        duty, counted = "IR-L1-4", review.entries.filter(kind__in=kinds)
    elif review.kind == Review.Kind.RETROSPECTIVE:
        duty, counted = "MO-L2-4", review.entries.exclude(answer="")
    else:
        return []
    people = {entry.by_id: entry.by for entry in counted.select_related("by").order_by("pk")}
    return [Show(duty, one, on=review, witness=by) for one in people.values() if one.pk != by.pk]


def must_be_open(review: Review) -> None:
    """Raises CannotBeDone once it is published."""
    if review.state != Review.State.OPEN:
        raise CannotBeDone("The review is published.", hint="Propose improvements on their own.")

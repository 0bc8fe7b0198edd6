"""What the pages of reviews, improvements, designs and pairings show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import F, Q, QuerySet

from watchbill.lib.levels import Area
from watchbill.people.models import Person
from watchbill.people.subject import Subject
from watchbill.practice.confirming import SENIOR, why_not_countersigned_by
from watchbill.practice.deputies import is_deputy
from watchbill.practice.models import Design, Improvement, Pairing, Review, ReviewEntry
from watchbill.practice.targets import targets

State = Improvement.State
MOST = 20  # of what waits for somebody, that is looked at


def reviews() -> QuerySet[Review]:
    """Open reviews first, then the newest."""
    people = ("lead", "published_by", "countersigned_by")
    return Review.objects.select_related(*people).order_by("state", "-pk")


def reviews_about(subject: Subject) -> QuerySet[Review]:
    """The reviews of one thing, newest first."""
    return reviews().filter(about=subject.ref)


def improvements() -> QuerySet[Improvement]:
    """Improvements with their people, newest first."""
    people = ("proposed_by", "owner", "decided_by", "confirmed_by")
    return Improvement.objects.select_related(*people).order_by("-pk")


def designs() -> QuerySet[Design]:
    """Design decisions, newest first."""
    return Design.objects.select_related("component__owner", "by", "verified_by").order_by("-pk")


def pairings() -> QuerySet[Pairing]:
    """Pairings that go on, then those that are closed; the newest first."""
    people = ("mentor", "learner", "component")
    going_on_first = F("closed_at").desc(nulls_first=True)
    return Pairing.objects.select_related(*people).order_by(going_on_first, "-pk")


@dataclass(frozen=True)
class Target:
    """A duty that a pairing is about."""

    key: str
    words: str


def targets_of(pairing: Pairing) -> list[Target]:
    """Its duties with their words."""
    known = targets()
    return [Target(key, known.get(key, "")) for key in pairing.duties]


def to_confirm(person: Person) -> list[Improvement]:
    """Improvements whose effect is known and waits for this person's word, the oldest first."""
    published = Review.objects.filter(
        state=Review.State.PUBLISHED, kind=Review.Kind.POST_INCIDENT, entries__by=person
    )
    took_part = published.exclude(lead=person).order_by("-pk").distinct()[:MOST]
    areas = [area.value for area in Area if person.level(area) >= SENIOR]
    of_review = Q(about__in=[review.ref for review in took_part], aim="") & (
        Q(measure="") | Q(after__isnull=False)
    )
    begun = ~Q(aim="") & Q(area__in=areas, after__isnull=False, reread__isnull=False)
    found = improvements().filter(of_review | begun, state=State.DONE, confirmed_by=None)
    return list(found.exclude(owner=person).order_by("done_at")[:MOST])


def to_countersign(person: Person) -> list[Review]:
    """Published reviews that wait for a second name which this person can put there."""
    found = reviews().filter(
        kind__in=Review.COUNTERSIGNED, state=Review.State.PUBLISHED, countersigned_by=None
    )
    waiting = list(found.exclude(published_at=None).order_by("published_at")[:MOST])
    areas = {review.area for review in waiting if review.is_signed}
    deputy_in = {area for area in areas if is_deputy(person, area)}
    return [
        review
        for review in waiting
        if not why_not_countersigned_by(review, person, deputy=review.area in deputy_in)
    ]


@dataclass(frozen=True)
class Kind:
    """The entries of one kind in a review."""

    title: str
    entries: Sequence[ReviewEntry]


def entries_by_kind(review: Review) -> list[Kind]:
    """What people put in, in the order of the kinds."""
    found = list(review.entries.select_related("by", "answered_by").order_by("pk"))
    titles = {"observation": "What people saw", "lesson": "What they learned",
              "analysis": "What was at work"}  # fmt: skip
    return [Kind(title, [e for e in found if e.kind == kind]) for kind, title in titles.items()]


def sentence_of_review(
    review: Review, entries: int, proposed: int, found: int | None = None
) -> str:
    """Where the review is, in words; `found` counts its gaps or decisions, if it has such."""
    if review.state == Review.State.PUBLISHED:
        told = "Signed with what was decided" if review.is_signed else "What was found is published"
        if review.countersigned_by is not None:
            return f"{told}, countersigned by {review.countersigned_by}."
        if review.kind in Review.COUNTERSIGNED:
            return f"{told}; a second person has not countersigned it yet."
        return f"{told}."
    waiting = f"; {proposed} proposal{'s' if proposed > 1 else ''} to decide" if proposed else ""
    if found:
        word = "decision" if review.is_signed else "gap"
        waiting = f"; {found} {word}{'s' if found > 1 else ''}{waiting}"
    if not entries:
        return f"Nobody has added what they saw yet{waiting}."
    many = "entry" if entries == 1 else "entries"
    return f"{entries} {many} so far{waiting}."


def sentence_of_improvement(work: Improvement, today: date) -> str:
    """Where the improvement is, in words."""
    if work.state == State.PROPOSED:
        return f"{work.title}: proposed, to be decided"
    if work.state == State.DECLINED:
        return f"{work.title}: declined"
    if work.state == State.DONE:
        told = f", {work.get_effect_display()}" if work.effect else ""
        return f"{work.title}: done{told}"
    late = " and late" if work.due and work.due < today else ""
    return f"{work.title}: {work.owner} does it, due {work.due:%d %B}{late}"

"""What the pages of reviews and improvements show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from watchbill.people.subject import Subject
from watchbill.practice.models import Improvement, Review, ReviewEntry

State = Improvement.State


def reviews() -> QuerySet[Review]:
    """Open reviews first, then the newest."""
    return Review.objects.select_related("lead").order_by("state", "-pk")


def reviews_about(subject: Subject) -> QuerySet[Review]:
    """The reviews of one thing, newest first."""
    return reviews().filter(about=subject.ref)


def improvements() -> QuerySet[Improvement]:
    """Improvements with their people, newest first."""
    return Improvement.objects.select_related("proposed_by", "owner", "decided_by").order_by("-pk")


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


def sentence_of_review(review: Review, entries: int, proposed: int) -> str:
    """Where the review is, in words."""
    if review.state == Review.State.PUBLISHED:
        return "What was found is published."
    waiting = f"; {proposed} proposal{'s' if proposed > 1 else ''} to decide" if proposed else ""
    if not entries:
        return f"Nobody has added anything yet{waiting}."
    many = "entry" if entries == 1 else "entries"
    return f"{entries} {many} so far{waiting}."


def sentence_of_improvement(work: Improvement, today: date) -> str:
    """Where the improvement is, in words."""
    if work.state == State.PROPOSED:
        return f"{work.title}: proposed, to be decided"
    if work.state == State.DECLINED:
        return f"{work.title}: declined"
    if work.state == State.DONE:
        return f"{work.title}: done"
    late = " and late" if work.due and work.due < today else ""
    return f"{work.title}: {work.owner} does it, due {work.due:%d %B}{late}"

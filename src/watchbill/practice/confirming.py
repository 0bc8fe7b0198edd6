"""Who can say whether an improvement helped, and who can countersign a review."""

from watchbill.people.models import Person
from watchbill.practice.deputies import is_deputy
from watchbill.practice.models import Improvement, Review

SENIOR = 3


def why_not_confirmed_by(work: Improvement, person: Person) -> str | None:
    """Why `person` cannot confirm the effect of `work`; None when they can.

    Of work that came of a post-incident review it is somebody who took part in it; of other work
    it is a senior of the area who did not propose it. Never who owns it or led the review.
    """
    if person.pk == work.owner_id:
        return "Somebody other than its owner confirms it."
    review = None if work.aim else work.of_review
    if review is not None and review.kind == Review.Kind.POST_INCIDENT:
        if review.state != Review.State.PUBLISHED:
            return "The review that it came of is not published yet."
        if person.pk == review.lead_id:
            return "You led the review: somebody else who took part in it confirms."
        if not review.contributed(person):
            return "It is confirmed by somebody who took part in the review that it came of."
        return None
    if person.pk == work.proposed_by_id:
        return "You proposed it: somebody else confirms."
    if person.level(work.area) < SENIOR:
        return f"It is confirmed by somebody who stands at L{SENIOR} or above."
    return None


def why_not_countersigned_by(
    review: Review, person: Person, *, deputy: bool | None = None
) -> str | None:
    """Why `person` cannot countersign `review`; None when they can.

    Whoever knows already whether they are a deputy in the review's area says so.
    """
    if review.kind not in Review.COUNTERSIGNED:
        return f"A {review.get_kind_display()} needs no second signature."
    if review.state != Review.State.PUBLISHED:
        return "It is open: it is countersigned when it is published."
    if review.countersigned_by_id is not None:
        return "It is countersigned already."
    if person.pk in (review.lead_id, review.published_by_id):
        return "You led or signed it yourself: somebody else countersigns."
    if review.is_signed:
        known = is_deputy(person, review.area) if deputy is None else deputy
        if person.is_owner or known:
            return None
        return (
            "It is countersigned by the deputy of whoever is accountable for the area, or by the "
            "owner of the installation."
        )
    if person.level(review.area) < SENIOR:
        return f"It is countersigned by another person who stands at L{SENIOR} or above."
    return None

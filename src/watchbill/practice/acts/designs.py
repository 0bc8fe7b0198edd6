"""What people do with designs: decide on what reviews found, have it built, see it hold."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.catalog.leads import why_not_lead
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import UnknownSubject, find
from watchbill.practice.models import Design, Review

NOT_AGAIN_AFTER = timedelta(days=30)
"""How long after it was built that nothing happened again says something."""


def _published(on: Any) -> list[tuple[str, str]]:
    found = Review.objects.filter(
        state=Review.State.PUBLISHED, kind=Review.Kind.POST_INCIDENT
    ).order_by("-published_at", "-pk")
    return [(str(review.pk), str(review)) for review in found[:50]]


@act(
    "improve",
    area=Area.INCIDENT_RESPONSE,
    tier=Tier.CRITICAL,
    duties="IR-L4-5",
    says="decided on the design “{title}”",
    title="Record a design decision",
)
def record_design(
    component: Component,
    by: Person,
    *,
    title: str,
    decision: Annotated[str, Field(long=True, label="What is decided, and why")],
    alternatives: Annotated[str, Field(long=True, help="What else was considered, why not.")],
    reviews: Annotated[list[int], Field(choices=_published, label="Reviews it rests on")],
) -> Outcome:
    """Decide how a component is built from now on, because of what reviews found."""
    if not 0 < len(title.strip()) <= 200:
        raise CannotBeDone("A title has 1 to 200 characters.", field="title")
    for field, text in (("decision", decision), ("alternatives", alternatives)):
        if len(text.split()) < 3:
            raise CannotBeDone("Say it in a sentence at least.", field=field)
    wanted = set(reviews)
    found = Review.objects.filter(
        pk__in=wanted, state=Review.State.PUBLISHED, kind=Review.Kind.POST_INCIDENT
    )
    if not wanted or found.count() != len(wanted):
        raise CannotBeDone(
            "It rests on published post-incident reviews, at least one.", field="reviews",
            hint="Publish the review first.",
        )  # fmt: skip
    design = Design.objects.create(
        component=component, title=title.strip(), decision=decision.strip(),
        alternatives=alternatives.strip(), by=by,
    )  # fmt: skip
    design.reviews.set(found)
    refs = [design.ref, *(review.ref for review in found)]
    return {"ref": design.ref, "refs": refs, "url": design.get_absolute_url()}


@act("note", says="linked {what} as what built “{on}”", title="Link what built it", moves=True)
def built_by(
    design: Design,
    by: Person,
    *,
    change: Annotated[str, Field(help="its reference, such as maintenance.change:3")],
) -> Outcome:
    """Say which change built it; the change must have been verified."""
    if design.state == Design.State.VERIFIED:
        raise CannotBeDone("It was verified already.")
    try:
        found: Any = find(change)
    except UnknownSubject as error:
        raise CannotBeDone(f"There is no such change: {error}.", field="change") from None
    settled = getattr(found, "settled", None)  # a change tells when it was verified
    if not isinstance(settled, datetime):
        raise CannotBeDone(
            f"“{found}” is no change that was verified.", field="change",
            hint="Carry the change out and verify it first.",
        )  # fmt: skip
    if settled < design.at:
        raise CannotBeDone("It was verified before this was decided.", field="change")
    design.change, design.built_at, design.state = found.ref, settled, Design.State.BUILT
    design.save(update_fields=["change", "built_at", "state"])
    return {"what": str(found), "ref": found.ref}


@act(
    "review",
    shows="IR-L4-5",
    says="verified “{on}” by {shown_by}: {seen}",
    title="Verify that it holds",
    moves=True,
)
def verify_design(design: Design, by: Person, *, how: Design.How, seen: Long) -> Outcome:
    """Say as a lead of the component what a drill, or the time since, has shown."""
    if design.state == Design.State.VERIFIED:
        raise CannotBeDone(f"{design.verified_by} verified it already.")
    if design.state != Design.State.BUILT or design.built_at is None:
        raise CannotBeDone("It is not built yet.", hint="Link the change that built it.")
    if by.pk == design.by_id:
        raise CannotBeDone("You decided it: another lead of the component verifies it.")
    if why_not := why_not_lead(by, design.component):
        raise CannotBeDone(why_not)
    if how is Design.How.NOT_AGAIN and clock.now() < design.built_at + NOT_AGAIN_AFTER:
        raise CannotBeDone(
            f"It stands for less than {NOT_AGAIN_AFTER.days} days.", field="how",
            hint="Wait, or hold a drill.",
        )  # fmt: skip
    if len(seen.split()) < 3:
        raise CannotBeDone("Say what you saw, in a sentence at least.", field="seen")
    design.how, design.seen, design.state = how, seen.strip(), Design.State.VERIFIED
    design.verified_by, design.verified_at = by, clock.now()
    design.save(update_fields=["how", "seen", "state", "verified_by", "verified_at"])
    return {"shown_by": how.label, "shows": [Show("IR-L4-5", design.by, on=design, witness=by)]}

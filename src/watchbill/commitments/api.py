"""What of commitments can be read by REST and command line."""

from typing import Any

from watchbill.acts.rest import Resource
from watchbill.commitments.models import Commitment, EarlierTerms
from watchbill.people.models import Person


def _commitment(one: Commitment) -> dict[str, Any]:
    return {
        "about": one.about,
        "area": one.area,
        "state": one.state,
        "what": one.what,
        "due": one.due,
        "by": one.by.username,
        "team": one.team.slug if one.team else None,
        "stakeholder": one.stakeholder,
        "speaker": _named(one.speaker),
        "query": one.query,
        "comparison": one.comparison,
        "threshold": one.threshold,
        "at": one.at,
        "answered_by": _named(one.answered_by),
        "answered_at": one.answered_at,
        "answer": one.answer,
        "earlier": [_earlier(terms) for terms in one.earlier.all()],
        "outcome": one.outcome,
        "closed_at": one.closed_at,
        "confirmed_by": _named(one.confirmed_by),
        "confirmation": one.confirmation,
        "surprise": one.surprise,
        "review": one.review,
        "url": one.get_absolute_url(),
    }


def _earlier(terms: EarlierTerms) -> dict[str, Any]:
    return {
        "what": terms.what,
        "due": terms.due,
        "state": terms.state,
        "answered_by": _named(terms.answered_by),
        "answer": terms.answer,
        "replaced_at": terms.replaced_at,
        "why": terms.why,
    }


def _named(person: Person | None) -> str | None:
    return person.username if person else None


RESOURCES = [
    Resource(
        "commitments", Commitment, _commitment,
        lambda: Commitment.objects.select_related(
            "by", "team", "speaker", "answered_by", "confirmed_by"
        ).prefetch_related("earlier__answered_by").order_by("-pk"),
        {"about": "about", "state": "state", "team": "team__slug", "by": "by__username"},
        "Commitments with other teams and people outside, with their earlier terms.",
    ),
]  # fmt: skip

"""What of reviews, improvements, designs and pairings can be read by REST and command line."""

from typing import Any

from watchbill.acts.rest import Resource
from watchbill.people.models import Person
from watchbill.practice.models import (
    Debrief,
    Decision,
    Design,
    Gap,
    Improvement,
    Pairing,
    Review,
    ReviewEntry,
)
from watchbill.practice.reads import designs, improvements, pairings


def _name(person: Person | None) -> str | None:
    return person.username if person else None


def _review(review: Review) -> dict[str, Any]:
    return {
        "kind": review.kind,
        "title": review.title,
        "about": review.about,
        "area": review.area,
        "lead": review.lead.username,
        "state": review.state,
        "agenda": review.agenda,
        "findings": review.findings,
        "audience": review.audience,
        "no_gap": review.no_gap,
        "gaps": [_gap(gap) for gap in review.gaps.all()],
        "decisions": [_decision(decision) for decision in review.decisions.all()],
        "published_by": _name(review.published_by),
        "countersigned_by": _name(review.countersigned_by),
        "countersigned_at": review.countersigned_at,
        "opened_at": review.opened_at,
        "published_at": review.published_at,
        "entries": [_entry(entry) for entry in review.entries.all()],
        "url": review.get_absolute_url(),
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "id": gap.pk,
        "ref": gap.ref,
        "component": gap.component.slug,
        "what": gap.what,
        "owner": _name(gap.owner),
        "due": gap.due,
        "closed_at": gap.closed_at,
        "outcome": gap.outcome,
    }


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "topic": decision.topic,
        "text": decision.text,
        "owner": decision.owner.username,
        "due": decision.due,
    }


def _entry(entry: ReviewEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "kind": entry.kind,
        "text": entry.text,
        "by": entry.by.username,
        "at": entry.at,
        "answer": entry.answer,
        "answered_by": entry.answered_by.username if entry.answered_by else None,
    }


def _improvement(work: Improvement) -> dict[str, Any]:
    return {
        "title": work.title,
        "about": work.about,
        "area": work.area,
        "state": work.state,
        "proposed_by": work.proposed_by.username,
        "owner": work.owner.username if work.owner else None,
        "due": work.due,
        "expected": work.expected,
        "measure": work.measure,
        "before": work.before,
        "after": work.after,
        "measure_problem": work.measure_problem,
        "aim": work.aim,
        "trend": work.trend,
        "systemic": work.systemic,
        "reread": work.reread,
        "reread_at": work.reread_at,
        "effect": work.effect,
        "effect_word": work.effect_word,
        "confirmed_by": _name(work.confirmed_by),
        "decision": work.decision,
        "change": work.change,
        "outcome": work.outcome,
        "url": work.get_absolute_url(),
    }


def _design(design: Design) -> dict[str, Any]:
    return {
        "title": design.title,
        "component": design.component.slug,
        "state": design.state,
        "decision": design.decision,
        "alternatives": design.alternatives,
        "reviews": [review.pk for review in design.reviews.all()],
        "by": design.by.username,
        "at": design.at,
        "change": design.change,
        "built_at": design.built_at,
        "how": design.how,
        "seen": design.seen,
        "verified_by": _name(design.verified_by),
        "url": design.get_absolute_url(),
    }


def _pairing(pairing: Pairing) -> dict[str, Any]:
    return {
        "mentor": pairing.mentor.username,
        "learner": pairing.learner.username,
        "area": pairing.area,
        "component": pairing.component.slug if pairing.component else None,
        "duties": pairing.duties,
        "plan": pairing.plan,
        "until": pairing.until,
        "started_at": pairing.started_at,
        "adjusted_at": pairing.adjusted_at,
        "adjusted_why": pairing.adjusted_why,
        "closed_at": pairing.closed_at,
        "sessions": [
            {"by": session.by.username, "at": session.at, "text": session.text}
            for session in pairing.sessions.all()
        ],
        "url": pairing.get_absolute_url(),
    }


def _debrief(debrief: Debrief) -> dict[str, Any]:
    return {
        "entry": debrief.entry,
        "about": debrief.about,
        "role": debrief.role,
        "by": debrief.by.username,
        "line": debrief.line,
        "at": debrief.at,
    }


RESOURCES = [
    Resource(
        "reviews", Review, _review,
        lambda: Review.objects.select_related("lead", "published_by", "countersigned_by")
        .prefetch_related(
            "entries__by", "entries__answered_by", "gaps__component", "gaps__owner",
            "decisions__owner",
        ).order_by("-pk"),
        {"about": "about", "state": "state", "kind": "kind", "lead": "lead__username"},
        "Reviews with what people put in.",
    ),
    Resource(
        "improvements", Improvement, _improvement, improvements,
        {
            "about": "about", "state": "state", "owner": "owner__username", "area": "area",
            "aim": "aim",
        },
        "Improvements with their expected and read effect.",
    ),
    Resource(
        "designs", Design, _design, lambda: designs().prefetch_related("reviews"),
        {"component": "component__slug", "state": "state", "by": "by__username"},
        "Design decisions that rest on reviews.",
    ),
    Resource(
        "pairings", Pairing, _pairing, lambda: pairings().prefetch_related("sessions__by"),
        {"mentor": "mentor__username", "learner": "learner__username", "area": "area"},
        "Who guides whom for a while, on which duties.",
    ),
    Resource(
        "debriefs", Debrief, _debrief,
        lambda: Debrief.objects.select_related("by").order_by("-pk"),
        {"about": "about", "entry": "entry", "by": "by__username"},
        "One line each from learner and guide on guided acts.",
    ),
]  # fmt: skip

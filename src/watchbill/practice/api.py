"""What of reviews and improvements can be read by REST and command line."""

from typing import Any

from watchbill.acts.rest import Resource
from watchbill.practice.models import Debrief, Improvement, Review, ReviewEntry
from watchbill.practice.reads import improvements


def _review(review: Review) -> dict[str, Any]:
    return {
        "kind": review.kind,
        "title": review.title,
        "about": review.about,
        "area": review.area,
        "lead": review.lead.username,
        "state": review.state,
        "findings": review.findings,
        "opened_at": review.opened_at,
        "published_at": review.published_at,
        "entries": [_entry(entry) for entry in review.entries.all()],
        "url": review.get_absolute_url(),
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
        "decision": work.decision,
        "change": work.change,
        "outcome": work.outcome,
        "url": work.get_absolute_url(),
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
        lambda: Review.objects.select_related("lead")
        .prefetch_related("entries__by", "entries__answered_by").order_by("-pk"),
        {"about": "about", "state": "state", "kind": "kind", "lead": "lead__username"},
        "Reviews with what people put in.",
    ),
    Resource(
        "improvements", Improvement, _improvement, improvements,
        {"about": "about", "state": "state", "owner": "owner__username", "area": "area"},
        "Improvements with their expected and read effect.",
    ),
    Resource(
        "debriefs", Debrief, _debrief,
        lambda: Debrief.objects.select_related("by").order_by("-pk"),
        {"about": "about", "entry": "entry", "by": "by__username"},
        "One line each from learner and guide on guided acts.",
    ),
]  # fmt: skip

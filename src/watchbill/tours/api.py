"""Tours and walks over REST and command line. What is right stands in neither."""

from typing import Any

from watchbill.acts.rest import Resource
from watchbill.tours.models import Answer, Tour, Walk
from watchbill.tours.reads import written


def tour(tour: Tour) -> dict[str, Any]:
    """A written tour as JSON."""
    steps = tour.in_force.steps if tour.in_force else []
    return {
        "title": tour.title,
        "kind": tour.sort,
        "area": tour.area,
        "component": tour.component.slug if tour.component else None,
        "version": tour.in_force.number if tour.in_force else None,
        "steps": [{"title": s.title, "kind": s.kind, "ask": s.ask, "page": s.page} for s in steps],
        "url": tour.get_absolute_url(),
    }


def walk(walk: Walk) -> dict[str, Any]:
    """A walk as JSON."""
    return {
        "title": walk.title,
        "kind": walk.sort,
        "area": walk.area,
        "component": walk.component.slug if walk.component else None,
        "by": walk.person.username,
        "started_at": walk.started_at,
        "finished_at": walk.finished_at,
        "seen_by": walk.seen_by.username if walk.seen_by else None,
        "seen_at": walk.seen_at,
        "said": walk.said,
        "steps": [
            {"title": s.title, "kind": s.kind, "ask": s.ask, "page": s.page,
             "choices": list(s.choices)}
            for s in walk.steps
        ],
        "answers": [_answer(one) for one in sorted(walk.answers.all(), key=lambda a: a.pk)],
        "url": walk.get_absolute_url(),
    }  # fmt: skip


def _answer(one: Answer) -> dict[str, Any]:
    return {
        "step": one.step,
        "text": one.text,
        "at": one.at,
        "being_read": one.waits,
        "value": one.value,
        "problem": one.problem,
        "right": one.right,
        "told": one.told,
    }


RESOURCES = [
    Resource(
        "tours", Tour, tour, find=written,
        filters={"area": "area", "kind": "sort", "component": "component__slug"},
        doc="Tours and rounds that somebody wrote.",
    ),
    Resource(
        "walks", Walk, walk,
        find=lambda: Walk.objects.select_related("component", "person", "seen_by")
        .prefetch_related("answers").order_by("-pk"),
        filters={"by": "person__username", "component": "component__slug", "area": "area"},
        doc="Walks through tours and rounds, with every answer.",
    ),
]  # fmt: skip

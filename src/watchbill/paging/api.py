"""Pages and escalation policies over REST and command line."""

from typing import Any

from django.db.models import QuerySet

from watchbill.acts.rest import Resource
from watchbill.paging import plan, reads
from watchbill.paging.models import EscalationPolicy, Page


def page(page: Page) -> dict[str, Any]:
    """A page as JSON."""
    return {
        "alert": page.alert.ref,
        "about": str(page.alert),
        "person": page.person.username,
        "state": page.state,
        "sent_at": page.sent_at,
        "answer_until": page.due_at,
        "answered_at": page.answered_at,
        "answered_by": page.answered_by.username if page.answered_by else None,
        "deliveries": [
            {
                "channel": one.channel,
                "kind": one.kind,
                "attempts": one.attempts,
                "repeat": one.repeat,
                "outcome": one.outcome,
                "done_at": one.done_at,
                "error": one.error,
            }
            for one in page.deliveries.all()
        ],
        "url": page.get_absolute_url(),
    }


def policy(policy: EscalationPolicy) -> dict[str, Any]:
    """An escalation policy as JSON."""
    return {
        "slug": policy.slug,
        "name": policy.name,
        "steps": plan.write(policy),
        "rounds": policy.rounds,
        "for_rest": policy.for_rest,
        "components": [one.component.slug for one in policy.coverage.all()],
        "calls_now": [
            {
                "after": step.after,
                "wait": step.wait,
                "people": {one.person.username: list(one.channels) for one in step.called},
            }
            for step in reads.preview(policy)
        ],
        "url": policy.get_absolute_url(),
    }


def _pages() -> QuerySet[Page]:
    related = Page.objects.select_related("person", "answered_by", "escalation__alert__component")
    return related.prefetch_related("deliveries").order_by("-id")


def _policies() -> QuerySet[EscalationPolicy]:
    return EscalationPolicy.objects.prefetch_related("coverage__component").order_by("slug")


RESOURCES = [
    Resource(
        "pages",
        Page,
        page,
        find=_pages,
        filters={"person": "person__username", "state": "state", "alert": "escalation__alert"},
        doc="Who was paged for what, and how it was answered.",
    ),
    Resource(
        "policies",
        EscalationPolicy,
        policy,
        find=_policies,
        filters={},
        doc="Whom alerts call, in which order.",
    ),
]

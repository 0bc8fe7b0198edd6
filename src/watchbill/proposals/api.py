"""What of proposals can be read by REST and command line."""

from typing import Any

from watchbill.acts.rest import Resource
from watchbill.proposals.models import Position, Proposal


def _proposal(proposal: Proposal) -> dict[str, Any]:
    return {
        "title": proposal.title,
        "about": proposal.about,
        "area": proposal.area,
        "kind": proposal.kind,
        "text": proposal.text,
        "query": proposal.query,
        "minutes": proposal.minutes,
        "by": proposal.by.username,
        "at": proposal.at,
        "state": proposal.state,
        "reason": proposal.reason,
        "decided_by": proposal.decided_by.username if proposal.decided_by else None,
        "decided_at": proposal.decided_at,
        "carried_by": proposal.carried_by,
        "positions": [_position(position) for position in proposal.positions.all()],
        "url": proposal.get_absolute_url(),
    }


def _position(position: Position) -> dict[str, Any]:
    return {
        "id": position.pk,
        "by": position.by.username,
        "stance": position.stance,
        "text": position.text,
        "links": position.links,
        "charts": position.charts,
        "at": position.at,
        "cited": position.cited,
    }


RESOURCES = [
    Resource(
        "proposals", Proposal, _proposal,
        lambda: Proposal.objects.select_related("by", "decided_by")
        .prefetch_related("positions__by").order_by("-pk"),
        {"about": "about", "area": "area", "kind": "kind", "state": "state", "by": "by__username"},
        "Proposals with the positions taken and the decision.",
    ),
]  # fmt: skip

"""What the pages of proposals show."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.apps import apps
from django.db.models import Case, Count, IntegerField, QuerySet, Value, When

from watchbill.lib.levels import Area
from watchbill.proposals.models import Position, Proposal

State = Proposal.State


def proposals(area: str = "", state: str = "") -> QuerySet[Proposal]:
    """Open ones first, then the newest; an unknown area or state narrows nothing."""
    opened = Case(
        When(state=State.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    found = Proposal.objects.select_related("by", "decided_by").annotate(argued=Count("positions"))
    if area in list(Area):
        found = found.filter(area=area)
    if state in State:
        found = found.filter(state=state)
    return found.order_by(opened, "-pk")


@dataclass(frozen=True)
class Argument:
    """A position with the things it links to."""

    position: Position
    links: Sequence[tuple[str, str]]  # words and address


def arguments(proposal: Proposal) -> list[Argument]:
    """Positions of those who joined later come first: they are heard before the seniors'."""
    taken = list(proposal.positions.select_related("by").order_by("level", "pk")[:200])
    known = _linked({link for one in taken for link in one.links})
    return [Argument(one, [known.get(link, (link, "")) for link in one.links]) for one in taken]


def _linked(refs: set[str]) -> dict[str, tuple[str, str]]:
    """Words and address of what references lead to, with one query for each kind of thing."""
    numbers: dict[str, list[str]] = {}
    for ref in refs:
        label, _, number = ref.partition(":")
        numbers.setdefault(label, []).append(number)
    found = {}
    for label, keys in numbers.items():
        for subject in apps.get_model(label)._default_manager.filter(pk__in=keys):
            address = getattr(subject, "get_absolute_url", None)
            found[f"{label}:{subject.pk}"] = str(subject), address() if address else ""
    return found


def sentence(proposal: Proposal, positions: int) -> str:
    """Where it is, in words."""
    if proposal.state != State.OPEN:
        return f"{proposal.get_state_display()} by {proposal.decided_by}"
    taken = {0: "nobody took a position yet", 1: "one position is taken"}
    return f"Open: {taken.get(positions, f'{positions} positions are taken')}"

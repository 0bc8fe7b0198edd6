"""Pages of the ladder."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from watchbill.acts.registry import KINDS
from watchbill.acts.web import Request, signed_in
from watchbill.ladder import adopt, evidence, reads
from watchbill.ladder.models import Ladder
from watchbill.ladder.places import page_of
from watchbill.lib.levels import Area
from watchbill.people.models import House, Person


@signed_in
def ladder(request: Request, username: str = "") -> HttpResponse:
    """The matrix of one person, by default of the reader."""
    who = get_object_or_404(Person, username__iexact=username) if username else request.user
    chosen = request.GET.get("cell", "")
    matrix = reads.matrix(who)
    cells = [cell for _, row in matrix.rows for cell in row]
    shown = [cell for cell in cells if f"{cell.area.prefix}-L{cell.level}" == chosen] or matrix.mine
    return render(
        request,
        "ladder/ladder.html",
        {"who": who, "mine": who == request.user, "matrix": matrix, "shown": shown,
         "house": House.get(), "people": Person.objects.humans().order_by("name")},
    )  # fmt: skip


@signed_in
def duties(request: Request) -> HttpResponse:
    """Every duty with the acts through which it is practised today."""
    lines = [
        reads.Line(duty, None, evidence.acts_for(duty.default_key))
        for duty in adopt.in_force().duties.order_by("area", "level", "ordinal")
    ]
    return render(
        request,
        "ladder/duties.html",
        {
            "areas": [(a, [line for line in lines if line.duty.area == a.value]) for a in Area],
            "total": len(lines),
            "covered": sum(bool(line.acts) for line in lines),
        },
    )


@signed_in
def duty(request: Request, key: str) -> HttpResponse:
    """One duty: through which acts it is practised, and what the reader did of it."""
    found = get_object_or_404(adopt.in_force().duties, key=key)
    named = evidence.acts_for(found.default_key)
    acts = [(KINDS[name], page_of([name])) for name in named if name in KINDS]
    items = evidence.of(request.user).get(found.default_key, [])
    return render(
        request,
        "ladder/duty.html",
        {"duty": found, "acts": acts, "items": items, "area": Area(found.area),
         "guiding": found.default_key in evidence.GUIDING.values()},
    )  # fmt: skip


@signed_in
def draft(request: Request, number: int) -> HttpResponse:
    """A drafted ladder beside the one in force: what adopting it would change."""
    found = get_object_or_404(Ladder, pk=number)
    changes = reads.differences(found)
    return render(
        request,
        "ladder/draft.html",
        {"draft": found, "changes": changes, "now": adopt.in_force(),
         "total": found.duties.count()},
    )  # fmt: skip

"""Pages of the ladder."""

from dataclasses import dataclass

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render

from watchbill.acts.facts import facts_of
from watchbill.acts.registry import KINDS
from watchbill.acts.web import Request, signed_in
from watchbill.ladder import adopt, evidence, judged, mapping, places, reads, sheet, team
from watchbill.ladder.models import Ladder
from watchbill.ladder.next_level import Next, next_level
from watchbill.lib.levels import LEVELS, Area
from watchbill.people.models import House, Person
from watchbill.people.subject import UnknownSubject, find


@dataclass(frozen=True)
class Row:
    """A line on a page: with the place where it is done now, and how they see themselves."""

    line: reads.Line
    now: places.Place | None
    assessed: sheet.Assessed | None = None


def rows_of(
    lines: list[reads.Line], reader: Person, assessed: list[sheet.Assessed] | None = None
) -> list[Row]:
    """Lines with what a page shows beside them."""
    own = {one.line.duty.key: one for one in assessed or []}
    found = []
    for line in lines:
        to_do = line.state != "waived"
        now = places.now(reader, line.duty.default_key, line.acts) if to_do else None
        found.append(Row(line, now, own.get(line.duty.key)))
    return found


@signed_in
def ladder(request: Request, username: str = "") -> HttpResponse:
    """The matrix of one person, by default of the reader, and the duties of a cell."""
    who = get_object_or_404(Person, username__iexact=username) if username else request.user
    chosen, duty = request.GET.get("cell", ""), request.GET.get("duty", "")
    matrix = reads.matrix(who)
    cells = [cell for _, row in matrix.rows for cell in row]
    wanted = duty.rpartition("-")[0] or chosen
    shown = [cell for cell in cells if cell.lines and cell.name == wanted] or matrix.mine
    assessed = sheet.assessed(matrix, sheet.visible(who, request.user))
    groups = [(cell, rows_of(cell.lines, request.user, assessed)) for cell in shown]
    return render(
        request,
        "ladder/ladder.html",
        {"who": who, "mine": who == request.user, "matrix": matrix, "groups": groups,
         "house": House.get(), "next": _next(who, request.user, matrix), "open": duty},
    )  # fmt: skip


@dataclass(frozen=True)
class Step:
    """The next level in one area: what a placement still rests on, and what it changes."""

    area: Area
    next: Next
    lacking: list[reads.Line]
    asked: bool


def _next(who: Person, reader: Person, matrix: reads.Matrix) -> list[Step]:
    table, steps = facts_of(reader).need, list[Step]()
    asked = {one.area for one in who.raises.all() if one.declined_at is None
             and one.level > who.level(one.area)}  # fmt: skip
    for area in Area:
        level = who.level(area)
        lines = matrix.rests_on(area, level + 1)
        if level < LEVELS[-1] and lines:
            lacking = [line for line in lines if not line.said.settled]
            steps.append(
                Step(area, next_level(KINDS.values(), area, level, table), lacking, area in asked)
            )
    return steps


@signed_in
def sheet_page(request: Request, username: str) -> HttpResponse:
    """The growth sheet of one person: one page for a conversation."""
    who = get_object_or_404(Person, username__iexact=username)
    found = sheet.sheet_of(who, request.user, reads.matrix(who))
    return render(
        request,
        "ladder/sheet.html",
        {"who": who, "mine": who == request.user, "sheet": found,
         "next": rows_of(found.next, request.user)},
    )  # fmt: skip


@signed_in
def sheet_document(request: Request, username: str) -> HttpResponse:
    """The growth sheet as Markdown."""
    who = get_object_or_404(Person, username__iexact=username)
    text = sheet.markdown(sheet.sheet_of(who, request.user, reads.matrix(who)))
    return HttpResponse(text, content_type="text/markdown; charset=utf-8")


@signed_in
def team_page(request: Request) -> HttpResponse:
    """Who holds which cell, where nobody does, and whose lines are ready to sign."""
    return render(
        request,
        "ladder/team.html",
        {"team": team.team(), "contests": judged.contests_for(request.user),
         "raises": judged.raises_for(request.user)},
    )  # fmt: skip


@signed_in
def thing(request: Request, ref: str) -> HttpResponse:
    """Leads on to the object that evidence is about."""
    try:
        found = find(ref)
    except UnknownSubject as error:
        raise Http404(str(error)) from None
    for one in (found, *found.thread()):
        if address := getattr(one, "get_absolute_url", None):
            return HttpResponseRedirect(address())
    raise Http404(f"{ref} has no page")


@signed_in
def duties(request: Request) -> HttpResponse:
    """Every duty with the acts through which it is practised today."""
    found = adopt.in_force()
    areas = {where.slug: where for where in mapping.kept(found.areas)}
    lines = [reads.Line(duty, areas[duty.area]) for duty in found.duties.order_by("id")]
    return render(
        request,
        "ladder/duties.html",
        {
            "areas": [
                (where, [line for line in lines if line.duty.area == slug])
                for slug, where in areas.items()
            ],
            "total": len(lines),
            "covered": sum(bool(line.acts) for line in lines),
        },
    )


@signed_in
def duty(request: Request, key: str) -> HttpResponse:
    """One duty: how it is fulfilled, and what the reader did and showed of it."""
    line = reads.matrix(request.user).line(key)
    if line is None:
        raise Http404(f"there is no duty {key}")
    acts = [(KINDS[name], places.page_of([name])) for name in line.acts if name in KINDS]
    if line.duty.acts:
        items = evidence.by_acts(request.user, line.duty.acts)
    else:
        items = evidence.of(request.user).get(line.duty.default_key, [])
    (row,) = rows_of([line], request.user)
    return render(
        request,
        "ladder/duty.html",
        {"line": line, "row": row, "duty": line.duty, "acts": acts, "items": items,
         "area": line.where,
         "guiding": line.duty.default_key in evidence.GUIDING.values()},
    )  # fmt: skip


@signed_in
def draft(request: Request, number: int) -> HttpResponse:
    """A drafted ladder beside the one in force: what adopting it would change."""
    found = get_object_or_404(Ladder, pk=number)
    changes = reads.differences(found)
    areas = {where.slug: where for where in mapping.kept(found.areas)}
    lines = [reads.Line(duty, areas[duty.area]) for duty in found.duties.order_by("id")]
    return render(
        request,
        "ladder/draft.html",
        {"draft": found, "changes": changes, "now": adopt.in_force(), "areas": areas.values(),
         "undecided": [where for where in areas.values() if not where.decided],
         "lines": lines, "total": len(lines), "becomes": reads.what_becomes(found)},
    )  # fmt: skip


@signed_in
def drafts(request: Request) -> HttpResponse:
    """Every ladder that was read: the one in force, those before it, drafts."""
    found = Ladder.objects.select_related("drafted_by").order_by("-pk")[:50]
    return render(
        request,
        "ladder/drafts.html",
        {"ladders": found, "now": adopt.in_force(), "house": House.get()},
    )

"""`{% act %}` and `{% timeline %}`: what a person can do and what was done, in any page."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils import timezone

from watchbill.acts import perform
from watchbill.acts.authority import Effect
from watchbill.acts.models import Entry
from watchbill.acts.registry import KINDS
from watchbill.acts.web import form_url
from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.people.subject import Subject, find

register = template.Library()
LATEST = 10  # lines of a timeline that are always in sight


@register.inclusion_tag("acts/button.html", takes_context=True)
def act(
    context: RequestContext,
    name: str,
    on: Subject,
    /,  # an act's parameters may be called `name` and `on` too
    label: str = "",
    *,
    primary: bool = False,
    quiet: bool = False,
    small: bool = False,
    now: bool = False,
    next: str = "",
    **preset: object,
) -> dict[str, Any]:
    """The button of an act for whoever reads the page: alone, ask, or not yet with the reason.

    `preset` fills parameters; `now` performs at once instead of opening the form, where the person
    may do it alone.
    """
    request = context["request"]
    kind = KINDS[name]
    decision = kind.may(request.user, on, preset)
    alone = decision.effect is Effect.DO
    words = label or kind.title
    return {
        "kind": kind,
        "on": on,
        "url": form_url(kind, on, next=next or request.get_full_path(), **preset),
        "next": next or request.get_full_path(),
        "preset": preset.items(),
        "decision": decision,
        "not_yet": decision.effect is Effect.REFUSE,
        "ask": decision.effect in (Effect.WAIT, Effect.SECOND),
        "label": words
        if alone or decision.effect is Effect.REFUSE
        else f"Ask: {words[0].lower()}{words[1:]}",
        "primary": primary,
        "quiet": quiet,
        "small": small,
        "now": now and alone,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("acts/timeline.html", takes_context=True)
def timeline(context: RequestContext, entries: Iterable[Entry]) -> dict[str, Any]:
    """Ledger entries as a timeline, with the go-ahead box for whoever can answer."""
    request = context["request"]
    lines = [_line(entry, request.user) for entry in entries]
    earlier, shown = _fold(lines)
    _mark_days(earlier)
    _mark_days(shown)
    return {
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "earlier": earlier,
        "lines": shown,
    }


def _fold(lines: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Of a long timeline what is folded away, and what stays in sight: the latest, what waits."""
    if len(lines) <= 2 * LATEST:
        return [], lines
    old, latest = lines[:-LATEST], lines[-LATEST:]
    waits = [line for line in old if line["open"]]
    return [line for line in old if not line["open"]], waits + latest


def _mark_days(lines: list[dict[str, Any]]) -> None:
    """Lines give the time of day only: the first of each day names it, unless all is of today."""
    before = timezone.localdate(clock.now())
    for line in lines:
        day = timezone.localdate(line["entry"].at)
        line["new_day"], before = day != before, day


@register.inclusion_tag("acts/ask.html", takes_context=True)
def ask(context: RequestContext, entry: Entry, *, about: bool = False) -> dict[str, Any]:
    """The go-ahead box of one asked entry; with `about` it names what the entry is about."""
    return {
        "about": find(entry.subject) if about else None,
        "line": _line(entry, context["request"].user),
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
    }


def _line(entry: Entry, reader: Person) -> dict[str, Any]:
    open_ask = (
        entry.state == Entry.State.ASKED
        and not hasattr(entry, "answered_by")
        and not perform.expires(entry)
    )
    why_not = perform.why_not(entry, reader) if open_ask else None
    # What was not done is told by the act's title: the sentence tells it as done.
    words = {
        Entry.State.ASKED: "asked for a go-ahead:",
        Entry.State.REFUSED: "was told not yet:",
        Entry.State.HELD: "was asked to hold:",
        Entry.State.WITHDRAWN: "no longer asks for:",
    }
    prefix = words.get(Entry.State(entry.state), "")
    return {
        "entry": entry,
        "prefix": prefix,
        "says": KINDS[entry.kind].title if prefix and entry.kind in KINDS else entry.says,
        "open": open_ask,
        "mine": entry.by_id == reader.pk,
        "may_answer": open_ask and why_not is None,
        "may_go_on": open_ask and perform.may_go_on(entry, reader),
        "why_not": why_not,
        "effect": entry.came_of_it.get("effect", []) if open_ask else [],
        "look": _look(entry, open_ask),
    }


def _look(entry: Entry, open_ask: bool) -> str:
    if open_ask or entry.guide_id:
        return "guide"
    if entry.state in (Entry.State.REFUSED, Entry.State.HELD):
        return "bad"
    return "" if entry.mode != "machine" else "machine"

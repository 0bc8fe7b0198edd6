"""Writing the ledger: one row, its mentions, and the news for live pages."""

from collections.abc import Iterable, Mapping
from typing import Any

from watchbill.acts import given as parameters
from watchbill.acts import shown
from watchbill.acts.authority import Decision
from watchbill.acts.models import Entry, Mention
from watchbill.acts.registry import Kind
from watchbill.acts.shown import Show
from watchbill.lib.levels import Area
from watchbill.people.models import Person
from watchbill.people.subject import Subject
from watchbill.web.live import publish


def append(
    kind: Kind[Any, ...],
    on: Subject,
    by: Person,
    given: Mapping[str, Any],
    outcome: Mapping[str, Any],
    *,
    state: str,
    via: str,
    decision: Decision | None = None,
    asked: Entry | None = None,
    guide: Person | None = None,
    armed_by: Person | None = None,
    reason: str = "",
    stamp: str = "",
    replaces: int | None = None,
) -> Entry:
    """Append what came of an act: either a fresh `decision` or an answer to `asked`."""
    if asked is not None:
        mode, rule, area, tier = asked.mode, asked.rule, asked.area, asked.at_tier
        standing, held = asked.standing, asked.given
    else:
        assert decision is not None
        mode, rule, area = decision.mode.value, decision.rule.value, decision.area
        tier, standing = int(decision.tier), decision.standing
        held, reason = parameters.keep(kind.wanted, given), decision.reason
    once = {name[1:]: value for name, value in outcome.items() if name.startswith("_")}
    shows: Iterable[Show] = outcome.get("shows", ())
    apart = {"shows", *(name for name in outcome if name.startswith("_"))}
    outcome = {name: value for name, value in outcome.items() if name not in apart}
    entry = Entry.objects.create(
        kind=kind.name,
        by=by,
        guide=guide,
        armed_by=armed_by,
        state=state,
        mode=mode,
        rule=rule,
        reason=reason[:500],
        stamp=stamp,
        area=area,
        at_tier=tier,
        standing=standing,
        subject=on.ref,
        subject_version=on.version,
        given=held,
        came_of_it=dict(outcome),
        says=say(kind, on, given, outcome),
        via=via,
        answers=asked or _entry(replaces),
        voids=_entry(outcome.get("voids")),
    )
    if state != Entry.State.ASKED:
        parameters.erase(held, sealed_only=True)
    if entry.answers:  # also what the ask held that this goes on without waiting for
        parameters.erase(entry.answers.given, sealed_only=True)
    _mention(entry, on, outcome)
    shown.write(entry, shows, kind.shows)
    entry.once = once
    return entry


def machine(
    name: str,
    on: Subject,
    says: str,
    *,
    by: Person,
    area: str | Area,
    armed_by: Person | None = None,
    facts: Mapping[str, Any] | None = None,
    shows: Iterable[Show] = (),
) -> Entry:
    """Append what the machine did by itself: `by` is an automation, `name` its "app.deed".

    `shows` is evidence that was complete only with this, such as the end of a step.
    """
    if not by.automation:
        raise ValueError("only an automation acts by itself")
    entry = Entry.objects.create(
        kind=name,
        by=by,
        armed_by=armed_by,
        state=Entry.State.DONE,
        mode="machine",
        rule="",
        reason="",
        area=str(area),
        at_tier=int(on.tier),
        standing=0,
        subject=on.ref,
        subject_version=on.version,
        given={},
        came_of_it=dict(facts or {}),
        says=says[:500],
        via="work",
    )
    _mention(entry, on, {})
    shown.write(entry, shows)
    return entry


def say(
    kind: Kind[Any, ...], on: Subject, given: Mapping[str, Any], outcome: Mapping[str, Any]
) -> str:
    """The timeline's sentence, without anything secret or personal."""
    apart = {p.name for p in kind.wanted if p.kept is not None}
    words = {name: "(kept apart)" if name in apart else value for name, value in given.items()}
    return kind.says.format_map(_Words({**words, **outcome, "on": str(on)}))[:500]


class _Words(dict[str, Any]):
    """Parameters for a sentence; what an unfinished act has no word for is left out."""

    def __missing__(self, key: str) -> str:
        return "…"


def _mention(entry: Entry, on: Subject, outcome: Mapping[str, Any]) -> None:
    made = {str(ref) for ref in (outcome.get("ref"), *outcome.get("refs", ())) if ref}
    refs = {on.ref, *(other.ref for other in on.thread())} | made
    Mention.objects.bulk_create(Mention(entry=entry, ref=ref) for ref in sorted(refs))
    asked_or_answer = entry.state == Entry.State.ASKED or entry.answers_id
    publish(*sorted(refs), *(["asks"] if asked_or_answer else []))


def _entry(number: int | None) -> Entry | None:
    return None if number is None else Entry.objects.get(pk=number)

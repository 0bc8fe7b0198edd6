"""Bringing a components file in: what would change, said first, then done."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from watchbill.catalog.file import Declared, FileError, Problem
from watchbill.catalog.models import Component
from watchbill.lib.levels import Tier
from watchbill.people.models import Team

_PLAIN = ("name", "description", "links", "charts")


@dataclass(frozen=True)
class Step:
    """What the file does to one component: makes it, or changes some of its fields."""

    component: Component  # with the new values, not saved
    new: bool
    fields: tuple[str, ...]  # plain fields that change
    depends_on: tuple[str, ...] | None  # slugs; None when the file says nothing about it
    at_stake: Tier  # the higher of the tiers before and after
    says: str = field(compare=False, default="")


def plan(declared: Sequence[Declared]) -> list[Step]:
    """What `declared` would change, in the order of the file; the unchanged are left out.

    Raises FileError where it names a team or a component that does not exist.
    """
    known = {c.slug: c for c in Component.objects.prefetch_related("depends_on")}
    teams = {team.slug: team for team in Team.objects.all()}
    problems = list(_unknown(declared, known, teams))
    if problems:
        raise FileError(sorted(problems, key=lambda problem: problem.line))
    steps = (_step(one, known.get(one.slug), teams) for one in declared)
    return [step for step in steps if step.new or step.fields or step.depends_on is not None]


def carry_out(steps: Iterable[Step]) -> list[Component]:
    """Write what was planned; the components that changed."""
    steps = list(steps)
    for step in steps:
        step.component.version += 1  # a go-ahead asked on the card as it was no longer holds
        step.component.save(update_fields=None if step.new else [*step.fields, "version"])
    slugs = {slug for step in steps for slug in step.depends_on or ()}
    by_slug = {c.slug: c for c in Component.objects.filter(slug__in=slugs)}
    for step in steps:
        if step.depends_on is not None:
            step.component.depends_on.set([by_slug[slug] for slug in step.depends_on])
    return [step.component for step in steps]


def _unknown(
    declared: Sequence[Declared], known: dict[str, Component], teams: dict[str, Team]
) -> Iterable[Problem]:
    slugs = {*known, *(one.slug for one in declared)}
    for one in declared:
        owner = one.said.get("owner")
        if owner is not None and owner not in teams:
            hint = _near(owner, teams, "teams")
            yield Problem(one.lines["owner"], f"there is no team {owner!r}", hint)
        if one.slug not in known and "owner" not in one.said:
            yield Problem(
                one.line, f"{one.slug!r} is new and has no owner", _near("", teams, "teams")
            )
        for slug in one.said.get("depends_on", ()):
            if slug not in slugs:
                hint = _near(slug, slugs, "components")
                line = one.lines["depends_on"]
                yield Problem(line, f"there is no component {slug!r} to depend on", hint)
            elif slug == one.slug:
                yield Problem(one.lines["depends_on"], f"{slug!r} depends on itself")


def _near(word: str, known: Iterable[str], what: str) -> str:
    known = sorted(known)
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"{what}: " + (", ".join(known[:12]) or "none yet")


def _step(one: Declared, existing: Component | None, teams: dict[str, Team]) -> Step:
    wanted: dict[str, Any] = {name: one.said[name] for name in _PLAIN if name in one.said}
    if "owner" in one.said:
        wanted["owner"] = teams[one.said["owner"]]
    if "tier" in one.said:
        wanted["stakes"] = int(one.said["tier"])
    component = existing or Component(slug=one.slug, name=one.slug)
    at_stake = component.tier
    changes = {
        name: (getattr(existing, name, None), value)
        for name, value in wanted.items()
        if existing is None or getattr(existing, name) != value
    }
    before = {} if existing is None else {c.slug for c in existing.depends_on.all()}
    depends_on: tuple[str, ...] | None = None
    if "depends_on" in one.said and set(one.said["depends_on"]) != set(before):
        depends_on = tuple(one.said["depends_on"])
    for name, (_, value) in changes.items():
        setattr(component, name, value)
    says = _says(component, existing is None, changes, sorted(before), depends_on)
    return Step(
        component, existing is None, tuple(changes), depends_on,
        max(at_stake, component.tier), says,
    )  # fmt: skip


def _says(
    component: Component,
    new: bool,
    changes: dict[str, tuple[Any, Any]],
    before: Sequence[str],
    depends_on: tuple[str, ...] | None,
) -> str:
    if new:
        needs = f", depends on {', '.join(depends_on)}" if depends_on else ""
        return f"add {component.slug} ({component.tier.word}, {component.owner}){needs}"
    words = [_change(name, *values) for name, values in changes.items()]
    if depends_on is not None:
        words.append(f"depends on {', '.join(before) or 'nothing'} → "
                     f"{', '.join(depends_on) or 'nothing'}")  # fmt: skip
    return f"change {component.slug}: " + "; ".join(words)


def _change(name: str, before: Any, after: Any) -> str:
    if name == "stakes":
        return f"tier {Tier(before).word} → {Tier(after).word}"
    if name in ("links", "charts"):
        return f"{name} {len(before)} → {len(after)}"
    if name == "description":
        return "description"
    return f"{name} {before} → {after}"

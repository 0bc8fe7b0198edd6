"""Escalation plans as text, and whom they call now.

One step a line: `ann, team web by email, webhook, wait 5 min`. Without `by`, every way to reach
the person is used.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from watchbill.catalog.models import Component
from watchbill.paging.models import CHANNELS, EscalationPolicy, Step
from watchbill.people.models import Person, Team

_LINE = re.compile(
    r"(?P<who>.+?)(?:\s+by\s+(?P<how>.+?))?\s*,?\s+wait\s+(?P<wait>\d+)\s*(?P<unit>s|min|m|h)",
    re.IGNORECASE,
)
_SECONDS = {"s": 1, "min": 60, "m": 60, "h": 3600}
_AND = re.compile(r"\s*,\s*|\s+and\s+")
LONGEST_WAIT = 24 * 3600
FALLBACK_WAIT = 900  # seconds, where nobody made a plan


class WrongPlan(ValueError):
    """A plan that cannot be read: which line, what is wrong, what would do."""

    def __init__(self, line: int, what: str, hint: str = "") -> None:
        super().__init__(f"line {line}: {what}")
        self.hint = hint or "Write each step like: ann, team web by email, wait 5 min"


@dataclass(frozen=True)
class Call:
    """One step as it is taken now: these people, by these channels ((): all), then wait."""

    people: tuple[Person, ...]
    channels: tuple[str, ...]
    wait: int


@dataclass(frozen=True)
class Line:
    """One step as written."""

    people: tuple[Person, ...]
    teams: tuple[Team, ...]
    channels: tuple[str, ...]
    wait: int


def parse(text: str) -> list[Line]:
    """The steps that a text describes. Raises WrongPlan."""
    lines = [
        _line(number, line.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]
    if not lines:
        raise WrongPlan(1, "a plan has at least one step")
    return lines


def write(policy: EscalationPolicy) -> str:
    """The plan in force, as `parse` reads it."""
    return "\n".join(_written(step) for step in policy.steps_of(policy.edition))


def calls(policy: EscalationPolicy, edition: int) -> list[Call]:
    """Whom the steps call now. A policy without steps calls the owners of the installation."""
    steps = policy.steps_of(edition)
    if not steps:
        owners = Person.objects.humans().filter(is_owner=True).order_by("id")
        return [Call(tuple(owners), (), FALLBACK_WAIT)]
    return [Call(tuple(step.called()), tuple(step.channels), step.wait) for step in steps]


def policy_for(component: Component | None) -> EscalationPolicy:
    """The policy that a component's alerts go to: its own, or the one for the rest."""
    own = EscalationPolicy.objects.filter(coverage__component=component) if component else None
    found = own.first() if own is not None else None
    if found is None:
        found, _ = EscalationPolicy.objects.get_or_create(
            for_rest=True, defaults={"slug": "rest", "name": "Everything else"}
        )
    return found


def put(policy: EscalationPolicy, lines: Sequence[Line]) -> None:
    """Give the policy a new edition with these steps."""
    policy.edition += 1
    for position, line in enumerate(lines):
        step = Step.objects.create(
            policy=policy,
            edition=policy.edition,
            position=position,
            channels=list(line.channels),
            wait=line.wait,
        )
        step.people.set(line.people)
        step.teams.set(line.teams)


def _line(number: int, text: str) -> Line:
    found = _LINE.fullmatch(text)
    if found is None:
        raise WrongPlan(number, f"{text!r} is not a step")
    wait = int(found["wait"]) * _SECONDS[found["unit"].lower()]
    if not 0 < wait <= LONGEST_WAIT:
        raise WrongPlan(number, "a step waits up to 24 hours", "For example: wait 5 min")
    people, teams = [], []
    for name in filter(None, _AND.split(found["who"].strip())):
        if name.lower().startswith("team "):
            teams.append(_team(number, name[5:].strip()))
        else:
            people.append(_person(number, name.removeprefix("@")))
    channels = tuple(filter(None, _AND.split((found["how"] or "").strip().lower())))
    if wrong := [channel for channel in channels if channel not in CHANNELS]:
        raise WrongPlan(
            number, f"there is no channel {wrong[0]!r}", "Channels: " + ", ".join(CHANNELS)
        )
    return Line(tuple(people), tuple(teams), channels, wait)


def _team(number: int, slug: str) -> Team:
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        raise WrongPlan(number, f"there is no team {slug!r}", "Write the team's short name.")
    return team


def _person(number: int, username: str) -> Person:
    person = Person.objects.humans().filter(username__iexact=username).first()
    if person is None:
        raise WrongPlan(
            number, f"there is no person {username!r}", "Write the user name, or: team NAME"
        )
    return person


def _written(step: Step) -> str:
    names = [person.username for person in step.people.all()]
    names += [f"team {team.slug}" for team in step.teams.all()]
    how = f" by {', '.join(step.channels)}" if step.channels else ""
    minutes, rest = divmod(step.wait, 60)
    return f"{', '.join(names)}{how}, wait " + (f"{step.wait} s" if rest else f"{minutes} min")

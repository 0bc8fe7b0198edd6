"""Tries a rule on stored history: asks for one slice of it at a time, then compares.

A condition holds at each moment that the query answers for; `for` and `keep_firing_for` are laid
over as evaluation does. History is looked at every `step` seconds, so what is shorter than that
may be missed in a trial and still fire.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from watchbill import prometheus
from watchbill.alerts.changes import component_of
from watchbill.alerts.harm import Harm, harm
from watchbill.alerts.models import RuleTrial, RuleVersion
from watchbill.catalog.models import Component
from watchbill.lib.levels import Tier
from watchbill.prometheus import QueryRefused, RangeFunc, Series, TelemetryAway
from watchbill.web.live import publish

LEAST_STEP = 30.0  # seconds
MOST_POINTS = 20_160  # of one series over the whole trial: a week of half minutes
SLICE_POINTS = 720  # asked for at once: six hours of half minutes
MOST_SPANS = 3_000  # times that a condition holds, all series together
CHART_POINTS = 240
LEASE = timedelta(minutes=3)  # more than two queries may take
TRY_AGAIN = timedelta(seconds=30)
TRIES = 5
AHEAD = timedelta(minutes=30)  # a rule that fires so long before people declare tells of it too
_QUOTED = re.compile(r"[\"'`]([a-z0-9][a-z0-9-]{0,59})[\"'`]")
Held = dict[str, dict[str, Any]]  # series -> its labels and [from, until] of each time


@dataclass(frozen=True)
class Episode:
    """A rule would have fired, for one series."""

    start: float  # Unix seconds
    end: float
    component: int | None


class _TooMuch(Exception):
    """It holds too often to be kept."""


def plan(version: RuleVersion, days: int, now: datetime) -> RuleTrial:
    """A trial that is to be made, not saved yet."""
    length = timedelta(days=days)
    step = max(version.interval, LEAST_STEP, length.total_seconds() / MOST_POINTS)
    return RuleTrial(
        version=version, days=days, start=now - length, end=now, step=step, at=now - length,
        before=version.rule.written if version.rule and not version.new else {}, next_at=now,
    )  # fmt: skip


def tick(now: datetime, query_range: RangeFunc = prometheus.query_range) -> int:
    """Go on with one trial by one slice. Safe beside other workers."""
    due = RuleTrial.objects.filter(next_at__lte=now).select_related("version__rule")
    trial = due.order_by("next_at", "pk").first()
    if trial is None:
        return 0
    mine = RuleTrial.objects.filter(pk=trial.pk, next_at=trial.next_at)
    if not mine.update(next_at=now + LEASE):
        return 1
    try:
        _slice(trial, query_range)
    except TelemetryAway as error:
        trial.tries += 1
        trial.next_at = now + TRY_AGAIN
        if trial.tries >= TRIES:
            _fail(trial, f"telemetry could not be asked: {error}")
    except QueryRefused as error:
        _fail(trial, f"the query is not answered: {error}")
    except _TooMuch:
        hint = "try fewer days, or narrow it"
        _fail(trial, f"its condition holds more than {MOST_SPANS:,} times: {hint}")
    else:
        trial.tries, trial.next_at = 0, now
        if trial.at >= trial.end:
            finish(trial)
    with transaction.atomic():
        trial.save()
        publish(trial.version.ref)
    return 0 if trial.tries else 1


def _fail(trial: RuleTrial, problem: str) -> None:
    trial.state, trial.problem, trial.next_at = RuleTrial.State.FAILED, problem[:500], None


def _slice(trial: RuleTrial, query_range: RangeFunc) -> None:
    until = min(trial.at + timedelta(seconds=trial.step * SLICE_POINTS), trial.end)
    asked = {"new": trial.version.expr}
    if trial.before:
        asked["old"] = trial.before["expr"]
    for side, expr in asked.items():
        held: Held = trial.held.setdefault(side, {})
        add(held, query_range(expr, trial.at, until, trial.step), trial.step)
        if sum(len(one["spans"]) for one in held.values()) > MOST_SPANS:
            raise _TooMuch
    trial.at = until


def add(held: Held, found: Iterable[Series], step: float) -> None:
    """Lay the moments that a slice answers for to the times that are known."""
    for series in found:
        labels = {n: t for n, t in sorted(series.labels.items()) if n != "__name__"}
        key = ", ".join(f"{name}={text}" for name, text in labels.items())
        spans = held.setdefault(key, {"labels": labels, "spans": []})["spans"]
        for at, _ in series.values:
            if spans and at - spans[-1][1] <= 1.5 * step:
                spans[-1][1] = max(at, spans[-1][1])
            else:
                spans.append([at, at])


def episodes(
    held: Held, hold: float, keep: float, labels: Mapping[str, str], known: Mapping[str, int]
) -> list[Episode]:
    """When it would have fired, with `for` and `keep_firing_for`, the oldest first."""
    found: list[Episode] = []
    for one in held.values():
        component = component_of({**one["labels"], **labels}, known)
        last: Episode | None = None
        for start, end in one["spans"]:
            if last and start <= last.end and keep:
                last = Episode(last.start, max(last.end, end + keep), component)
                found[-1] = last
            elif end - start >= hold:
                last = Episode(start + hold, end + keep, component)
                found.append(last)
    return sorted(found, key=lambda episode: episode.start)


def finish(trial: RuleTrial) -> None:
    """Compare both with what harmed users, and keep the numbers and the chart. Not saved here."""
    version = trial.version
    slugs = dict(Component.objects.values_list("slug", "pk"))
    sides = {"new": version.written, "old": trial.before}
    fired = {
        side: episodes(
            trial.held.get(side, {}), says["hold"], says["keep_firing"], version.labels, slugs
        )
        if says
        else []
        for side, says in sides.items()
    }
    covered = {e.component for found in fired.values() for e in found if e.component is not None}
    covered |= named(version, slugs)
    known = harm(sorted(covered), trial.start, trial.end) if covered else []
    trial.result = {
        **{side: judge(found, known) for side, found in fired.items()},
        "compared": bool(covered),
        "components": sorted(slug for slug, pk in slugs.items() if pk in covered),
        "harm": [{"title": h.title, "url": h.url, "start": h.start.isoformat()} for h in known],
        "chart": chart(trial, fired),
    }
    trial.held, trial.state, trial.next_at = {}, RuleTrial.State.DONE, None
    stakes = Component.objects.filter(pk__in=covered).values_list("stakes", flat=True)
    RuleVersion.objects.filter(pk=version.pk).update(stakes=max(stakes, default=Tier.ROUTINE))


def named(version: RuleVersion, slugs: Mapping[str, int]) -> set[int]:
    """The components that a version is about by itself: chosen, in its labels, in its query."""
    words = {*_QUOTED.findall(version.expr), *map(str, version.labels.values())}
    found = {slugs[word] for word in words if word in slugs}
    return found | ({version.component_id} if version.component_id else set())


def judge(found: Sequence[Episode], known: Sequence[Harm]) -> dict[str, Any]:
    """How often it fired, how often rightly, how often it should have."""
    right = [episode for episode in found if any(tells(episode, one) for one in known)]
    missed = [one for one in known if not any(tells(episode, one) for episode in found)]
    return {
        "episodes": len(found),
        "true": len(right),
        "false": len(found) - len(right),
        "missed": len(missed),
        "fired_for": sum(episode.end - episode.start for episode in found),
    }


def tells(episode: Episode, one: Harm) -> bool:
    """Whether an episode tells of a period of harm: of the same component, at the same time."""
    if episode.component is not None and episode.component not in one.components:
        return False
    begins = (one.start - AHEAD).timestamp()
    return episode.start <= one.end.timestamp() and episode.end >= begins


def chart(trial: RuleTrial, fired: Mapping[str, Sequence[Episode]]) -> list[dict[str, Any]]:
    """How many would have fired at a time, before and after, as Prometheus writes a matrix."""
    begin, length = trial.start.timestamp(), (trial.end - trial.start).total_seconds()
    width = length / CHART_POINTS
    drawn = []
    for side, name in (("old", "as it is"), ("new", "as drafted")):
        counts = [0] * CHART_POINTS
        for episode in fired[side]:
            first = max(0, int((episode.start - begin) / width))
            last = min(CHART_POINTS - 1, int((episode.end - begin) / width))
            for slot in range(first, last + 1):
                counts[slot] += 1
        if side == "new" or trial.before:
            values = [[round(begin + n * width), str(count)] for n, count in enumerate(counts)]
            drawn.append({"metric": {"rule": name}, "values": values})
    return drawn


def moment(text: str) -> datetime:
    """A moment of a result."""
    return datetime.fromisoformat(text).astimezone(UTC)

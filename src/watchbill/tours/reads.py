"""What the pages of tours show."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q, QuerySet

from watchbill.lib.levels import LEVELS, Area
from watchbill.people.models import Person
from watchbill.tours.models import Answer, Tour, Walk
from watchbill.tours.steps import Step

EXAMPLE = """---
title: How busy the shop is
area: monitoring
kind: tour
---
## Requests
Requests are what users ask of the shop.

```find
How many targets are scraped now?
page: /monitoring/sources/
query: count(up)
within: 0%
```

## What it means
```text
Is everything heard from that should be? Say what you see.
page: /monitoring/
```
"""


@dataclass(frozen=True)
class Line:
    """One step of a walk with its tries, the newest first."""

    number: int
    step: Step
    tries: Sequence[Answer]

    @property
    def last(self) -> Answer | None:
        """The try that counts."""
        return self.tries[0] if self.tries else None

    @property
    def elsewhere(self) -> bool:
        """Its page lies outside Watchbill."""
        return not self.step.page.startswith("/")

    @property
    def state(self) -> str:
        """open, waits, right, again or answered: an answer that nobody judges by itself."""
        last = self.last
        if last is None:
            return "open"
        if last.waits:
            return "waits"
        if last.right is None:
            return "answered"
        return "right" if last.right else "again"

    @property
    def look(self) -> tuple[str, str]:
        """Kind and word of its tag."""
        if self.step.kind == "capture" and self.state != "waits" and self.last:
            if self.last.value is None:
                return "unknown", "not captured"
            if self.last.judged_by_id:
                return ("good", "holds") if self.last.right else ("warn", "differs")
            return "good", "captured"
        return {
            "open": ("", "open"), "waits": ("", "being read"), "right": ("good", "right"),
            "again": ("warn", "look again"), "answered": ("", "answered"),
        }[self.state]  # fmt: skip

    @cached_property
    def read(self) -> str:
        """What was read, in the unit of its page."""
        value = self.last.value if self.last else None
        return "" if value is None else shown(value, self.step.unit)


def shown(value: float, unit: str) -> str:
    """A value as its chart writes it."""
    if unit == "percent":
        return f"{value * 100:.3g} %"
    if unit == "seconds":
        return f"{value * 1000:.3g} ms" if abs(value) < 1 else f"{value:.3g} s"
    if unit == "bytes":
        size, word = next(
            ((s, w) for s, w in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")) if abs(value) >= s),
            (1, "B"),
        )
        return f"{value / size:.3g} {word}"
    return f"{value:,.6g}"


def lines(walk: Walk) -> list[Line]:
    """Every step with its tries."""
    tries: dict[int, list[Answer]] = {}
    for one in walk.answers.select_related("judged_by").order_by("-pk"):
        tries.setdefault(one.step, []).append(one)
    return [Line(n, step, tries.get(n, ())) for n, step in enumerate(walk.steps, 1)]


def current(found: Sequence[Line], asked: str) -> Line:
    """The step to show: the one asked for, else the first that is not done with."""
    if asked.isdigit() and 1 <= int(asked) <= len(found):
        return found[int(asked) - 1]
    left = (line for line in found if line.state in ("open", "again"))
    return next(left, found[-1])


def written() -> QuerySet[Tour]:
    """Tours that somebody wrote, by area and title."""
    found = Tour.objects.exclude(in_force=None).select_related("component", "in_force")
    return found.order_by("area", "title")


def open_walks(person: Person) -> QuerySet[Walk]:
    """What somebody began and did not finish, the newest first."""
    return Walk.objects.filter(person=person, finished_at=None).order_by("-pk")


def to_be_seen(person: Person) -> QuerySet[Walk]:
    """The finished walks whose answers `person` could see as a guide, the oldest first."""
    able = Q(pk__in=())
    for area in Area:
        level = person.level(area)
        if level > 1:
            below = level if level >= LEVELS[-1] else level - 1
            able |= Q(area=area, level__lte=below)
    found = Walk.objects.filter(able, finished_at__isnull=False, seen_at=None)
    return found.exclude(person=person).select_related("person").order_by("finished_at", "pk")

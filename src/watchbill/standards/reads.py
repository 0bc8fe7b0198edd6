"""What the pages of standards show: the list, a version, the conformance report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Prefetch, QuerySet

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.standards.checks import CHECKS
from watchbill.standards.models import (
    REREAD_AFTER,
    Check,
    Exemption,
    Result,
    Standard,
    StandardVersion,
)

PER_PAGE = 50
State = StandardVersion.State


def standards(area: str = "", kind: str = "") -> QuerySet[Standard]:
    """By title, each with its versions that matter; an unknown area or kind narrows nothing."""
    live = StandardVersion.objects.filter(state__in=(State.DRAFT, State.IN_FORCE))
    found = Standard.objects.select_related("owner").prefetch_related(
        Prefetch("versions", queryset=live.order_by("number"), to_attr="live")
    )
    if area in list(Area):
        found = found.filter(area=area)
    if kind in Standard.Kind:
        found = found.filter(kind=kind)
    return found.order_by("title", "pk")


def versions() -> QuerySet[StandardVersion]:
    """Versions with their people."""
    return StandardVersion.objects.select_related(
        "standard__owner", "written_by", "in_force_by", "effect_by", "read_by"
    )


@dataclass(frozen=True)
class CheckLine:
    """A check as it is read: what it looks at, with which parameters, how many conform."""

    check: Check
    words: str
    given: str
    ok: int
    fails: int
    unknown: int
    exempted: int

    @property
    def for_tier(self) -> str:
        """For which components it is."""
        tier = Tier(self.check.from_tier)
        return "" if tier is Tier.ROUTINE else f"from the {tier.word} tier on"


@dataclass(frozen=True)
class Cell:
    """A component's standing to a check; nothing where the check is not for its tier."""

    check: Check
    result: Result | None
    exemption: Exemption | None

    @property
    def kind(self) -> str:
        """How a tag shows it."""
        if self.exemption and self.result and self.result.state == Result.State.FAILS:
            return "guide"
        told = {"ok": "good", "fails": "bad"}
        return told.get(self.result.state, "unknown") if self.result else ""

    @property
    def word(self) -> str:
        """The same in a word."""
        if self.kind == "guide":
            return "exempted"
        told = {"ok": "ok", "fails": "not yet"}
        return told.get(self.result.state, "unknown") if self.result else ""


@dataclass(frozen=True)
class Report:
    """Components by checks."""

    lines: Sequence[CheckLine]
    page: Page[Component]
    rows: Sequence[tuple[Component, Sequence[Cell]]]

    @property
    def sentence(self) -> str:
        """How it stands, in words."""
        if not self.lines:
            return "Nothing in it is checked by itself."
        fails = sum(line.fails for line in self.lines)
        unknown = sum(line.unknown for line in self.lines)
        if not any(line.ok + line.fails + line.unknown + line.exempted for line in self.lines):
            return "Its checks have not run yet."
        things = "one thing is" if fails == 1 else f"{fails} things are"
        said = f"{things[0].upper()}{things[1:]} missing" if fails else "Every component conforms"
        return f"{said}{f'; {unknown} could not be told' if unknown else ''}."


def report(version: StandardVersion, number: str | None) -> Report:
    """The conformance report, a page of components at a time."""
    checks = list(version.checks.filter(dropped=False).order_by("pk"))
    today = clock.now().date()
    exempt = {
        (one.component_id, one.label): one
        for one in Exemption.objects.filter(standard=version.standard_id, until__gte=today)
        .select_related("by").order_by("until")
    }  # fmt: skip
    lines = _lines(checks, exempt)
    page = Paginator(Component.objects.order_by("name", "pk"), PER_PAGE).get_page(number)
    shown = list(page.object_list)
    found = Result.objects.filter(check_of__in=checks, component__in=shown)
    results = {(one.component_id, one.check_of_id): one for one in found}
    rows = [
        (part, [Cell(check, results.get((part.pk, check.pk)) if part.stakes >= check.from_tier
                     else None, exempt.get((part.pk, check.label))) for check in checks])
        for part in shown
    ]  # fmt: skip
    return Report(lines, page, rows)


def _lines(checks: Sequence[Check], exempt: dict[tuple[int, str], Exemption]) -> list[CheckLine]:
    counted: dict[tuple[int, str], int] = {}
    meant = Result.objects.filter(
        check_of__in=checks, component__stakes__gte=F("check_of__from_tier")
    )
    rows = meant.order_by().values_list("check_of", "state")
    for number, state, many in rows.annotate(Count("pk")):
        counted[number, state] = many
    exempted: dict[int, int] = {}
    labels = {check.label: check.pk for check in checks}
    failing = set(
        meant.filter(state=Result.State.FAILS)
        .filter(component__in={component for component, _ in exempt})
        .values_list("component_id", "check_of_id")
    )
    for component, label in exempt:
        if label in labels and (component, labels[label]) in failing:
            exempted[labels[label]] = exempted.get(labels[label], 0) + 1
    return [
        CheckLine(
            check,
            CHECKS[check.name].words if check.name in CHECKS else "no check any more",
            ", ".join(f"{name} {value}" for name, value in check.given.items()),
            counted.get((check.pk, "ok"), 0),
            counted.get((check.pk, "fails"), 0) - exempted.get(check.pk, 0),
            counted.get((check.pk, "unknown"), 0),
            exempted.get(check.pk, 0),
        )
        for check in checks
    ]


@dataclass(frozen=True)
class Standing:
    """How one component stands to one standard."""

    version: StandardVersion
    missing: list[Result]
    exempted: list[tuple[Result, date]]


def of_component(component: Component) -> list[Standing]:
    """How a component stands to every standard in force that says something about it."""
    results = list(
        Result.objects.filter(
            component=component, check_of__dropped=False, check_of__of__state=State.IN_FORCE
        )
        .select_related("check_of__of__standard")
        .order_by("check_of__of__standard__title", "check_of")
    )
    exempt = {
        (one.standard_id, one.label): one.until
        for one in Exemption.objects.filter(
            component=component, until__gte=clock.now().date()
        ).order_by("until")
    }
    found: dict[int, Standing] = {}
    for result in results:
        if component.stakes < result.check_of.from_tier:
            continue
        version = result.check_of.of
        standing = found.setdefault(version.pk, Standing(version, [], []))
        until = exempt.get((version.standard_id, result.check_of.label))
        if result.state == Result.State.FAILS and until:
            standing.exempted.append((result, until))
        elif result.state == Result.State.FAILS:
            standing.missing.append(result)
    return list(found.values())


def reread_from(version: StandardVersion) -> datetime | None:
    """When the measure is read again; None while it is not in force."""
    return version.in_force_at + REREAD_AFTER if version.in_force_at else None

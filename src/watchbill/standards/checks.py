"""The checks a standard can consist of: by name, with parameters, each for many components at once.

An app that knows more of components offers further ones in its module `conformance.py`:

    @check("has-runbook", "A runbook is published for it")
    def has_runbook(ask: Asking) -> Verdicts:
        return {component.pk: Verdict(…) for component in ask.components}
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count

from watchbill.catalog.models import Component
from watchbill.people.models import Team
from watchbill.practice.models import Improvement
from watchbill.prometheus import QueryFunc

NAMING = ("component", "service", "job")  # labels whose value is a component's slug
Value = int | float | str


class WrongParameter(ValueError):
    """A parameter that the check does not have, or a value out of its bounds; says which."""


@dataclass(frozen=True)
class Verdict:
    """Whether a component conforms (None: it cannot be told), and why, in words."""

    ok: bool | None
    reason: str


Verdicts = Mapping[int, Verdict]  # by primary key of the component


@dataclass(frozen=True)
class Parameter:
    """A parameter of a check. Without a default it must be given."""

    name: str
    words: str
    kind: type[int] | type[float] | type[str] = str
    default: Value | None = None
    least: float = -math.inf
    most: float = math.inf
    choices: tuple[str, ...] = ()

    def read(self, text: Any) -> Value:
        """The value that `text` says. Raises WrongParameter."""
        try:
            value: Value = self.kind(str(text).strip())
        except ValueError:
            what = "a whole number" if self.kind is int else "a number"
            raise WrongParameter(f"{self.name} is {what}, not {text!r}") from None
        if isinstance(value, str):
            if not 0 < len(value) <= 2000:
                raise WrongParameter(f"{self.name} has 1 to 2000 characters")
            if self.choices and value not in self.choices:
                raise WrongParameter(f"{self.name} is one of {' '.join(self.choices)}")
        elif not math.isfinite(value) or not self.least <= value <= self.most:
            raise WrongParameter(f"{self.name} lies between {self.least:g} and {self.most:g}")
        return value


@dataclass(frozen=True)
class Asking:
    """What a check is asked: of which components, with what given, when, by which telemetry."""

    components: Sequence[Component]
    given: Mapping[str, Any]
    now: datetime
    query: QueryFunc


Evaluate = Callable[[Asking], Verdicts]


@dataclass(frozen=True)
class CheckKind:
    """A kind of check. `asks_telemetry`: it must have been tried before it comes into force."""

    name: str
    words: str
    evaluate: Evaluate = field(repr=False)
    parameters: tuple[Parameter, ...] = ()
    asks_telemetry: bool = False

    def read(self, given: Mapping[str, Any]) -> dict[str, Value]:
        """The parameters with their defaults. Raises WrongParameter."""
        known = {parameter.name: parameter for parameter in self.parameters}
        if unknown := set(given) - set(known):
            takes = ", ".join(known) or "none"
            raise WrongParameter(f"{self.name} has no {min(unknown)}; its parameters: {takes}")
        found: dict[str, Value] = {}
        for parameter in self.parameters:
            if parameter.name in given:
                found[parameter.name] = parameter.read(given[parameter.name])
            elif parameter.default is None:
                raise WrongParameter(f"{self.name} needs {parameter.name}: {parameter.words}")
            else:
                found[parameter.name] = parameter.default
        return found


CHECKS: dict[str, CheckKind] = {}


def check(
    name: str, words: str, *parameters: Parameter, asks_telemetry: bool = False
) -> Callable[[Evaluate], Evaluate]:
    """Register a kind of check under its name."""

    def register(function: Evaluate) -> Evaluate:
        CHECKS[name] = CheckKind(name, words, function, parameters, asks_telemetry)
        return function

    return register


def _counted(many: int, least: int, what: str) -> str:
    """ "1 of 2 charts" while some are missing; the number alone once there are enough."""
    return f"{many} of {least} {what}" if many < least else f"{many} {what}"


@check(
    "owner-has-members",
    "The team that owns it has enough members",
    Parameter("at_least", "how many people", int, 2, least=1, most=100),
)
def owner_has_members(ask: Asking) -> Verdicts:
    """Counts the people of the owning team."""
    teams = {component.owner_id for component in ask.components}
    counted = Team.objects.filter(pk__in=teams).annotate(many=Count("members"))
    members = dict(counted.values_list("pk", "many"))
    least = int(ask.given["at_least"])
    return {
        one.pk: Verdict(
            members.get(one.owner_id, 0) >= least,
            f"{one.owner} has {_counted(members.get(one.owner_id, 0), least, 'members')}",
        )
        for one in ask.components
    }


@check(
    "has-chart",
    "Charts are set on its page",
    Parameter("at_least", "how many charts", int, 1, least=1, most=50),
)
def has_chart(ask: Asking) -> Verdicts:
    """Counts its charts."""
    least = int(ask.given["at_least"])
    counted = {one.pk: len(one.charts) for one in ask.components}
    return {
        pk: Verdict(many >= least, _counted(many, least, "charts are set"))
        for pk, many in counted.items()
    }


@check(
    "has-links",
    "Its card links to what one needs",
    Parameter("titles", "words, with commas between", str, "repository, documentation"),
)
def has_links(ask: Asking) -> Verdicts:
    """Looks for the words in the titles of its links."""
    wanted = [word.strip().lower() for word in str(ask.given["titles"]).split(",") if word.strip()]
    found = {}
    for one in ask.components:
        titles = " ".join(one.links).lower()
        missing = [word for word in wanted if word not in titles]
        said = f"no link to {' and '.join(missing)}" if missing else "all links are there"
        found[one.pk] = Verdict(not missing, said)
    return found


@check("no-overdue-improvement", "No improvement of it is overdue")
def no_overdue_improvement(ask: Asking) -> Verdicts:
    """Looks for accepted improvements about it whose date is past."""
    late = Improvement.objects.filter(
        state=Improvement.State.ACCEPTED, due__lt=ask.now.date(),
        about__in=[one.ref for one in ask.components],
    ).order_by("due")  # fmt: skip
    overdue = {work.about: work for work in reversed(list(late))}
    return {
        one.pk: Verdict(False, f"“{overdue[one.ref]}” was due {overdue[one.ref].due:%d %B}"[:300])
        if one.ref in overdue
        else Verdict(True, "nothing is overdue")
        for one in ask.components
    }


@check(
    "promql",
    "A measured value keeps a bound",
    Parameter("query", "PromQL whose series carry its slug as component, service or job"),
    Parameter("bound", "the value compared with", float),
    Parameter("is", "how the value stands to the bound", str, "<=", choices=("<=", ">=")),
    asks_telemetry=True,
)
def promql(ask: Asking) -> Verdicts:
    """Asks once, and finds each component's series by its labels. Raises prometheus.NoAnswer."""
    bound, way = float(ask.given["bound"]), str(ask.given["is"])
    worst: dict[str, float] = {}
    pick = max if way == "<=" else min
    for sample in ask.query(str(ask.given["query"])):
        if math.isnan(sample.value):
            continue
        for slug in {sample.labels[label] for label in NAMING if label in sample.labels}:
            worst[slug] = pick(worst.get(slug, sample.value), sample.value)
    found = {}
    for one in ask.components:
        if one.slug not in worst:
            found[one.pk] = Verdict(None, "the query gives no value for it")
            continue
        value = worst[one.slug]
        ok = value <= bound if way == "<=" else value >= bound
        found[one.pk] = Verdict(ok, f"{value:g}, where {way} {bound:g} is asked")
    return found

"""The registry: every kind of act, as data around its deed."""

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import msgspec

from watchbill.acts import given as parameters
from watchbill.acts.authority import FREE, VERBS, Decision, Dial, Question, decide
from watchbill.acts.facts import facts_of
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject

S = TypeVar("S", bound=Subject)
P = ParamSpec("P")
Outcome = dict[str, Any]
Given = Mapping[str, Any]
AreaOf = Area | Callable[[Any, Given], str]
TierOf = Tier | Callable[[Any, Given], Tier]

KINDS: dict[str, "Kind[Any, ...]"] = {}


@dataclass(frozen=True)
class Kind(Generic[S, P]):
    """A thing people do. Not callable: `perform` (in perform.py) and go-aheads are the ways in."""

    name: str  # "runbooks.run_step"
    verb: str
    title: str  # "Run the step"
    doc: str
    says: str  # the timeline's words, with {on}, {name of a parameter or of the outcome}
    duties: tuple[str, ...]
    subject: type[S]
    wanted: tuple[parameters.Parameter, ...]
    shape: type[msgspec.Struct]
    moves: bool  # changes what others are looking at: raises the subject's version
    area_of: AreaOf
    tier_of: TierOf | None
    own: Callable[[S, Person], bool] | None
    effect: Callable[[S, Given], list[str]] | None
    deed: Callable[Concatenate[S, Person, P], Outcome] = field(repr=False)

    def area(self, on: S, given: Given) -> str:
        """The area whose level counts, from the declaration or from the subject."""
        return str(self.area_of) if isinstance(self.area_of, Area) else self.area_of(on, given)

    def tier(self, on: S, given: Given) -> Tier:
        """What is at stake: the subject's tier unless the act names its own source."""
        if self.tier_of is None:
            return on.tier
        return self.tier_of if isinstance(self.tier_of, Tier) else self.tier_of(on, given)

    def may(self, by: Person, on: S, given: Given | None = None) -> Decision:
        """Whether `by` may do this on `on` now, with the reason and what to do instead."""
        facts = facts_of(by)
        area = self.area(on, given or {})
        return decide(
            Question(
                verb=self.verb,
                tier=self.tier(on, given or {}),
                standing=by.level(area),
                area=area,
                dial=facts.dials.get(area, Dial.ASK),
                seat=self.verb in facts.seats.get(on.ref, ()),
                own=self.own is not None and self.own(on, by),
                owner=by.is_owner,
                need=facts.need,
            )
        )


def act(
    verb: str,
    *,
    area: AreaOf | None = None,
    duties: str = "",
    says: str,
    title: str = "",
    tier: TierOf | None = None,
    moves: bool | None = None,
    own: Callable[[Any, Person], bool] | None = None,
    effect: Callable[[Any, Given], list[str]] | None = None,
) -> Callable[[Callable[Concatenate[S, Person, P], Outcome]], Kind[S, P]]:
    """Register a deed as an act.

    A deed is `def name(on: Subject, by: Person, *, parameters) -> Outcome`: it writes rows only, so
    it can be tried in a transaction that is rolled back. `duties` names the duties of the ladder it
    is evidence for. `area` defaults to the subject's own `area`. `effect` lists in words exactly
    what would happen, for the preview. The first line of the deed's docstring is shown to people.
    """
    if verb not in VERBS:
        raise ValueError(f"{verb!r} is no verb of the authority table")

    def register(deed: Callable[Concatenate[S, Person, P], Outcome]) -> Kind[S, P]:
        name = f"{deed.__module__.split('.')[1]}.{deed.__name__}"
        if name in KINDS:
            raise ValueError(f"two acts are called {name}")
        subject = next(iter(typing.get_type_hints(deed).values()))
        wanted = parameters.parameters(deed)
        kind: Kind[S, P] = Kind(
            name=name,
            verb=verb,
            title=title or deed.__name__.replace("_", " ").capitalize(),
            doc=inspect.cleandoc(deed.__doc__ or "").partition("\n")[0],
            says=says,
            duties=tuple(duties.split()),
            subject=subject,
            wanted=wanted,
            shape=parameters.struct(deed.__name__, wanted),
            moves=verb not in FREE if moves is None else moves,
            area_of=area if area is not None else _area_of_subject,
            tier_of=tier,
            own=own,
            effect=effect,
            deed=deed,
        )
        KINDS[name] = kind
        return kind

    return register


def _area_of_subject(on: Any, given: Given) -> str:
    return str(on.area)

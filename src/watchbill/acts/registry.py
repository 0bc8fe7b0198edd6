"""The registry: every kind of act, as data around its deed. `kinds.act` fills it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import msgspec

from watchbill.acts import given as parameters
from watchbill.acts.authority import Decision, Dial, Question, decide
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
    duties: tuple[str, ...]  # of the ladder that are practised by it
    shows: tuple[str, ...]  # of the ladder that it may complete the evidence of
    subject: type[S]
    wanted: tuple[parameters.Parameter, ...]
    shape: type[msgspec.Struct]
    moves: bool  # changes what others are looking at: raises the subject's version
    area_of: AreaOf
    tier_of: TierOf | None
    own: Callable[[S, Person], bool] | None
    strict: bool  # never guided, never by silence
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
                seat=facts.seat(self.verb, on.ref),
                own=self.own is not None and self.own(on, by),
                owner=by.is_owner,
                strict=self.strict,
                need=facts.need,
            )
        )


def area_of_subject(on: Any, given: Given) -> str:
    """What `area` means where the act names none."""
    return str(on.area)

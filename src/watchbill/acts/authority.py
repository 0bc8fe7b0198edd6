"""Who may do what alone, with a guide, or not yet. Pure: facts in, a decision with reasons out.

One number per verb and tier says from which level a person acts alone; one level below they act
guided, two below not yet. The model is that of entrustable professional activities in medicine
and of watch qualification at sea. The numbers are starting values: a team changes them as data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from watchbill.lib.levels import LEVEL_TITLES, Tier

FREE: Final = frozenset({"observe", "report", "note", "suggest", "review", "halt"})
TWO_PERSONS: Final = frozenset({"run", "fix", "change", "initiate"})
# Never done under guidance, never by silence, whatever the dial.
STRICT: Final = frozenset({"approve", "place", "sign", "delegate", "administer", "own"})
Need = tuple[int, int, int]

# verb -> the level from which it is done alone, at routine, moderate and critical tier.
NEED: Final[Mapping[str, Need]] = {
    **dict.fromkeys(sorted(FREE), (1, 1, 1)),
    "take": (2, 2, 2),
    "document": (2, 2, 2),
    "investigate": (2, 2, 2),
    "run": (2, 2, 3),
    "fix": (2, 3, 3),
    "change": (2, 3, 3),
    "lead": (3, 3, 3),
    "analyse": (3, 3, 3),
    "initiate": (3, 3, 3),
    "guide": (3, 3, 3),
    "approve": (3, 3, 3),
    "improve": (3, 3, 4),
    "standard": (4, 4, 4),
    "oversee": (4, 4, 4),
    "engage": (4, 4, 4),
    "delegate": (3, 3, 3),
    "sign": (3, 3, 3),
    "place": (4, 4, 4),
}
VERBS: Final = (*NEED, "own", "administer")


class Mode(StrEnum):
    """How this person stands to this act, before the dial."""

    ALONE = "alone"
    GUIDED = "guided"
    NOT_YET = "not yet"


class Rule(StrEnum):
    """Which rule decided."""

    FREE = "free"
    OWN = "own"
    OWNER = "owner"
    SEAT = "seat"
    GRANT = "grant"
    LEVEL = "level"
    CURRENCY = "currency"


class Dial(StrEnum):
    """How strictly an area enforces: the same words as `people.House.Dial`."""

    ADVISE = "advise"
    ASK = "ask"
    ENFORCE = "enforce"


class Effect(StrEnum):
    """What happens when the act is performed now."""

    DO = "do"
    WAIT = "wait"  # for a guide's go-ahead
    SECOND = "second"  # for a second person
    REFUSE = "refuse"


@dataclass(frozen=True)
class Question:
    """Everything a decision rests on.

    `standing` is the level in the act's area (0: none). `seat` says that a seat held on the object
    carries the verb; `own` that the act is about the person's own affairs; `owner` that the person
    owns the installation; `grant` names a live delegation; `lapsed` that currency has lapsed;
    `strict` that this act, whatever its verb, is never guided and never let pass by the dial.
    """

    verb: str
    tier: Tier
    standing: int
    area: str = ""
    dial: Dial = Dial.ENFORCE
    seat: bool = False
    own: bool = False
    owner: bool = False
    grant: str = ""
    lapsed: bool = False
    strict: bool = False
    need: Mapping[str, Need] = field(default_factory=lambda: NEED)


@dataclass(frozen=True)
class Decision:
    """The answer with its reason; `effect` is what the dial makes of `mode`."""

    mode: Mode
    rule: Rule
    tier: Tier
    need: int
    standing: int
    area: str
    second: bool
    effect: Effect
    stamp: str = ""

    @property
    def reason(self) -> str:
        """One sentence for the person who asked."""
        where = f" in {self.area.replace('-', ' ')}" if self.area else ""
        place = f"you stand at L{self.standing}{where}" if self.standing else "you hold no level"
        alone_from = f"at the {self.tier.word} tier this is done alone from L{self.need}"
        told = {
            Rule.FREE: "Everybody may do this, always.",
            Rule.OWN: "This is your own affair.",
            Rule.OWNER: "You own this installation.",
            Rule.SEAT: "The seat you hold here carries it.",
            Rule.GRANT: "It was delegated to you.",
            Rule.CURRENCY: f"You have not done this for a while: {alone_from}, with a guide again.",
            Rule.LEVEL: f"{place[0].upper()}{place[1:]}; {alone_from}.",
        }[self.rule]
        if self.rule is Rule.LEVEL and self.need == 0:
            told = "Only the owner of the installation may do this."
        if self.second:
            told += " A second person must confirm it."
        return told

    @property
    def instead(self) -> str:
        """What to do now, when the act is not simply done."""
        above = f"L{self.need} {LEVEL_TITLES.get(self.need, '')}".strip()
        return {
            Effect.DO: "",
            Effect.WAIT: "Ask: a guide who may do it alone gives the go-ahead; then it is done.",
            Effect.SECOND: "Ask: somebody else who may do it, alone or guided, confirms.",
            Effect.REFUSE: "Ask the owner of the installation."
            if self.need == 0
            else f"Hand it to somebody who stands at {above}, or watch them do it.",
        }[self.effect]


def decide(ask: Question) -> Decision:
    """The decision, by the first rule that applies: free, own, seat, grant, level; then second."""
    rule, need = _rule(ask)
    mode = Mode.ALONE
    if rule in (Rule.LEVEL, Rule.CURRENCY):
        mode = _by_level(ask, rule, need)
    second = ask.verb in TWO_PERSONS and ask.tier is Tier.CRITICAL and mode is not Mode.NOT_YET
    effect, stamp = _dialled(mode, second, ask)
    return Decision(mode, rule, ask.tier, need, ask.standing, ask.area, second, effect, stamp)


def _rule(ask: Question) -> tuple[Rule, int]:
    need = ask.need.get(ask.verb, (0, 0, 0))[ask.tier]
    if ask.verb in FREE:
        return Rule.FREE, need
    if ask.own:
        return Rule.OWN, need
    if ask.owner and ask.verb in ("administer", "place"):
        return Rule.OWNER, need
    if ask.seat:
        return Rule.SEAT, need
    if ask.grant:
        return Rule.GRANT, need
    return (Rule.CURRENCY if ask.lapsed and need and ask.standing >= need else Rule.LEVEL), need


def _by_level(ask: Question, rule: Rule, need: int) -> Mode:
    standing = need - 1 if rule is Rule.CURRENCY else ask.standing
    if need and standing >= need:
        return Mode.ALONE
    if need and standing == need - 1 and standing > 0 and not _strict(ask):
        return Mode.GUIDED
    return Mode.NOT_YET


def _strict(ask: Question) -> bool:
    return ask.strict or ask.verb in STRICT


def _dialled(mode: Mode, second: bool, ask: Question) -> tuple[Effect, str]:
    if mode is Mode.ALONE:
        return (Effect.SECOND if second else Effect.DO), ""
    relaxed = ask.dial is Dial.ADVISE and ask.tier is not Tier.CRITICAL and not _strict(ask)
    if mode is Mode.GUIDED:
        return (Effect.DO, "would have asked") if relaxed else (Effect.WAIT, "")
    return (Effect.DO, "would have been refused") if relaxed else (Effect.REFUSE, "")


def why_not_guide(actor: Decision, other: Decision, *, same_person: bool) -> str | None:
    """Why `other`'s person cannot let `actor`'s act go ahead; None when they can.

    A waiting act that is alone-but-critical needs a second person: anybody else who may do it,
    alone or guided. A guided act needs a guide: alone for this very act, standing above the actor,
    and L3 or higher from the moderate tier on.
    """
    if same_person:
        return "Nobody gives a go-ahead to themselves."
    if actor.mode is Mode.ALONE and actor.second:
        if other.mode is Mode.NOT_YET:
            return "A second person is somebody who may do this, alone or guided."
        return None
    if other.mode is not Mode.ALONE:
        return "A guide is somebody who may do this alone now."
    if other.standing <= actor.standing and actor.rule is not Rule.CURRENCY:
        return "A guide stands above the person who asks."
    if actor.tier is not Tier.ROUTINE and other.standing < 3:
        return f"At the {actor.tier.word} tier the guide stands at L3 or higher."
    return None

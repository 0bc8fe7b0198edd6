"""Every verb by tier by level by dial has the decision that the rules give."""

from itertools import product

import pytest

from watchbill.acts.authority import (
    FREE,
    NEED,
    STRICT,
    VERBS,
    Dial,
    Effect,
    Mode,
    Question,
    Rule,
    decide,
    why_not_guide,
)
from watchbill.lib.levels import LEVELS, Tier

# The table of the authority rules, written out again: verb -> level for alone, per tier.
TABLE = """
observe      1 1 1
report       1 1 1
note         1 1 1
suggest      1 1 1
review       1 1 1
halt         1 1 1
take         2 2 2
document     2 2 2
investigate  2 2 2
run          2 2 3
fix          2 3 3
change       2 3 3
lead         3 3 3
analyse      3 3 3
initiate     3 3 3
guide        3 3 3
approve      3 3 3
improve      3 3 4
standard     4 4 4
oversee      4 4 4
engage       4 4 4
delegate     3 3 3
sign         3 3 3
place        4 4 4
"""
LEVEL_FOR = {
    row.split()[0]: tuple(int(n) for n in row.split()[1:]) for row in TABLE.strip().splitlines()
}
NEVER_GUIDED = {"approve", "place", "sign", "delegate"}
SECOND_AT_CRITICAL = {"run", "fix", "change", "initiate"}


def expected(verb: str, tier: Tier, level: int, dial: Dial) -> tuple[Mode, bool, Effect]:
    need = LEVEL_FOR[verb][tier]
    if level >= need:
        mode = Mode.ALONE
    elif level == need - 1 and verb not in NEVER_GUIDED:
        mode = Mode.GUIDED
    else:
        mode = Mode.NOT_YET
    second = verb in SECOND_AT_CRITICAL and tier is Tier.CRITICAL and mode is not Mode.NOT_YET
    relaxed = dial is Dial.ADVISE and tier is not Tier.CRITICAL and verb not in NEVER_GUIDED
    if mode is Mode.ALONE:
        return mode, second, Effect.SECOND if second else Effect.DO
    if relaxed:
        return mode, second, Effect.DO
    return mode, second, Effect.WAIT if mode is Mode.GUIDED else Effect.REFUSE


def test_the_table_names_every_verb() -> None:
    assert set(LEVEL_FOR) == set(NEED)
    assert set(VERBS) == set(NEED) | {"own", "administer"}


@pytest.mark.parametrize("verb", sorted(LEVEL_FOR))
def test_verb_by_tier_by_level_by_dial(verb: str) -> None:
    for tier, level, dial in product(Tier, LEVELS, Dial):
        got = decide(Question(verb, tier, level, dial=dial))
        assert (got.mode, got.second, got.effect) == expected(verb, tier, level, dial), (
            verb, tier, level, dial,
        )  # fmt: skip
        assert got.reason
        assert bool(got.instead) == (got.effect is not Effect.DO)


@pytest.mark.parametrize(("level", "dial"), list(product((0, *LEVELS), Dial)))
def test_administer_is_the_owners_alone(level: int, dial: Dial) -> None:
    ask = Question("administer", Tier.ROUTINE, level, dial=dial)
    assert decide(ask).effect is Effect.REFUSE
    owner = Question("administer", Tier.ROUTINE, level, dial=dial, owner=True)
    assert (decide(owner).effect, decide(owner).rule) == (Effect.DO, Rule.OWNER)


def test_free_verbs_need_nothing() -> None:
    for verb, tier, dial in product(FREE, Tier, Dial):
        assert decide(Question(verb, tier, 0, dial=dial)).effect is Effect.DO


def test_a_seat_carries_its_verb_and_a_critical_act_still_needs_a_second() -> None:
    lead = decide(Question("lead", Tier.CRITICAL, 1, seat=True))
    assert (lead.mode, lead.rule, lead.effect) == (Mode.ALONE, Rule.SEAT, Effect.DO)
    fix = decide(Question("fix", Tier.CRITICAL, 1, seat=True))
    assert fix.effect is Effect.SECOND


def test_lapsed_currency_turns_alone_into_guided_and_never_into_not_yet() -> None:
    for verb, tier, level in product(set(NEED) - FREE - STRICT, Tier, LEVELS):
        fresh = decide(Question(verb, tier, level))
        lapsed = decide(Question(verb, tier, level, lapsed=True))
        if fresh.mode is Mode.ALONE and fresh.need > 1:
            assert (lapsed.mode, lapsed.rule) == (Mode.GUIDED, Rule.CURRENCY)
        else:
            assert lapsed.mode is fresh.mode


def test_a_strict_act_is_neither_guided_nor_let_pass() -> None:
    ask = Question("standard", Tier.ROUTINE, 3, dial=Dial.ADVISE, strict=True)
    assert decide(ask).effect is Effect.REFUSE


@pytest.mark.parametrize(
    ("actor", "other", "tier", "verb", "may"),
    [
        (1, 2, Tier.ROUTINE, "run", True),
        (1, 1, Tier.ROUTINE, "run", False),  # not alone
        (1, 2, Tier.MODERATE, "run", False),  # moderate: the guide is L3 or higher
        (1, 3, Tier.MODERATE, "run", True),
        (2, 3, Tier.MODERATE, "change", True),
        (2, 2, Tier.MODERATE, "change", False),
        (2, 3, Tier.CRITICAL, "run", True),  # the guide is the second person too
        (3, 3, Tier.CRITICAL, "run", True),  # alone, second person: anybody who may
        (3, 2, Tier.CRITICAL, "run", True),  # four eyes, not four ranks
        (3, 1, Tier.CRITICAL, "run", False),
    ],
)
def test_who_may_let_an_act_go_ahead(
    actor: int, other: int, tier: Tier, verb: str, may: bool
) -> None:
    why_not = why_not_guide(
        decide(Question(verb, tier, actor)),
        decide(Question(verb, tier, other)),
        same_person=False,
    )
    assert (why_not is None) is may, why_not


def test_nobody_lets_themselves_go_ahead() -> None:
    alone = decide(Question("run", Tier.CRITICAL, 4))
    assert why_not_guide(alone, alone, same_person=True) is not None

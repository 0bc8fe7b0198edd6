"""The table of the duties is what authority says: at the duty's level, and one level below."""

import pytest

from watchbill.acts.authority import Dial, Mode, Question, decide
from watchbill.ladder.adopt import default_document
from watchbill.ladder.duties import fulfilled

LETTER = {Mode.ALONE: "A", Mode.GUIDED: "G", Mode.NOT_YET: "N"}


def stands(verb: str, tier: int, level: int) -> str:
    question = Question(verb=verb, tier=tier, standing=level, dial=Dial.ENFORCE)
    return LETTER[decide(question).mode]


def test_every_duty_of_the_shipped_ladder_has_its_row() -> None:
    assert list(fulfilled()) == [duty.key for duty in default_document().duties]


@pytest.mark.parametrize("key", fulfilled())
def test_the_row_says_what_authority_says(key: str) -> None:
    row = fulfilled()[key]
    for way in row.ways:
        assert way.alone == stands(way.verb, way.tier, row.level), way
        below = "-" if row.level == 1 else stands(way.verb, way.tier, row.level - 1)
        assert way.below == below, way

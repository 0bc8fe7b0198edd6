"""When a line is ready to sign, and what is missing in words."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchbill.ladder.duties import fulfilled
from watchbill.ladder.readiness import WANTED, Item, readiness
from watchbill.lib import clock

NOW = clock.now()


def items(text: str, *, stands: int = 3, days: int = 1) -> list[Item]:
    """ "ann:a sam:b ann*:c": Ann saw it on a, Sam on b, Ann a drill on c; "-:d" nobody on d."""
    found = []
    for number, word in enumerate(text.split()):
        who, _, on = word.partition(":")
        name = who.rstrip("*").replace("-", "")
        found.append(
            Item(
                on=on, at=NOW - timedelta(days=days + number), witness=name,
                witness_level=stands if name else 0, drill=who.endswith("*"), entry=number,
            )
        )  # fmt: skip
    return found


def missing(text: str, level: int, witness_from: int = 1, **more: int) -> str:
    return "; ".join(readiness(items(text, **more), level, witness_from, NOW).missing)


@pytest.mark.parametrize(
    ("level", "text", "words"),
    [
        (1, "", "two more items, with a witness"),
        (1, "ann:a", "one more item"),
        (1, "ann:a ann:b", "one more witness"),
        (1, "ann:a sam:b", ""),
        (1, "ann:a sam:a", "one more item, on another object"),
        (1, "ann:a -:b", "one more item; work that nobody saw does not count"),
        (1, "ann*:a sam:b", ""),
        (1, "ann*:a sam*:b", "one more that is no drill"),
        (2, "ann:a sam:b", "one more item"),
        (2, "ann:a sam:b ann:c", "one more that somebody other than ann saw"),
        (2, "ann:a sam:b lea:c", ""),
        (2, "ann:a sam:b ann:c sam:d", ""),
        (2, "ann:a ann:b ann:c ann:d", "one more witness"),
        (3, "ann*:a sam*:b lea:c", "one more that is no drill"),
        (3, "ann*:a sam:b lea:c", ""),
        (4, "ann:a", ""),
        (4, "ann*:a", "one more that is no drill"),
        (4, "", "one more item, with a witness"),
    ],
)
def test_what_is_missing_is_said(level: int, text: str, words: str) -> None:
    assert missing(text, level) == words


def test_a_witness_stands_at_the_lines_level() -> None:
    assert missing("ann:a sam:b lea:c", 3, witness_from=3, stands=3) == ""
    low = missing("ann:a sam:b lea:c", 3, witness_from=3, stands=2)
    assert low == "three more items, with a witness; a witness counts from L3"
    assert missing("ann:a sam:b lea:c", 3, witness_from=1, stands=1) == ""


def test_the_newest_is_from_the_last_twelve_months() -> None:
    assert missing("ann:a sam:b", 1, days=364) == ""
    assert missing("ann:a sam:b", 1, days=366) == (
        "a recent one: the newest is older than twelve months"
    )


def test_work_counts_before_a_drill_on_the_same_object() -> None:
    found = readiness(items("ann*:a ann:a sam:b"), 1, 1, NOW)
    assert found.ready
    assert [item.drill for item in found.counted] == [False, False]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz"), st.booleans()), max_size=9
    ),
    st.sampled_from(sorted(WANTED)),
)
def test_what_counts_keeps_every_rule(drawn: list[tuple[str, str, bool]], level: int) -> None:
    text = " ".join(f"{who}{'*' * drill}:{on}" for who, on, drill in drawn)
    found = readiness(items(text), level, 1, NOW)
    counted, half = found.counted, len(found.counted) // 2
    assert len({item.on for item in counted}) == len(counted)
    assert sum(item.drill for item in counted) <= half
    if level < 4:
        assert all(sum(one.witness == item.witness for one in counted) <= half for item in counted)
    assert found.ready == (len(counted) >= WANTED[level])
    assert found.ready or found.missing


def test_where_the_witness_is_not_of_the_lines_level() -> None:
    """The learner, the other side, whoever does such work alone, a senior beside a lead."""
    other = {
        key: row.witness_from for key, row in fulfilled().items() if row.witness_from != row.level
    }
    for guiding in ("IR-L3-3", "MO-L3-5", "MA-L3-4"):
        assert other[guiding] == 1
    for engaging in ("IR-L4-3", "MO-L4-2", "MA-L4-2"):
        assert other[engaging] == 1
    assert other["MA-L3-1"] == 2
    assert other["IR-L4-5"] == 3
    assert all(1 <= least < fulfilled()[key].level for key, least in other.items())

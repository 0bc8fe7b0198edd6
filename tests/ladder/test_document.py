"""Reading ladder documents: the shipped one, other forms, and what is wrong line by line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchbill.ladder.adopt import correspondence, default_document
from watchbill.ladder.document import LONGEST, MOST_DUTIES, LadderError, prefixes, read

OTHER = """\
---
owner: platform
---
# How we work

Some prose, and a list in it:

- not a duty

## Incident response

### L1 - Junior

1. Join the response
   under guidance.
2. Report what you see.

### Level 2: Engineer

* Run the response of small incidents.

```
- not a duty either
```

## Monitoring

**L1: Junior**

- Watch the dashboards.

**L2: Engineer**

- Improve the dashboards.
"""

TABLE = """\
# Skills

## Maintenance

| Topic | L1 Junior | L2 Engineer |
|---|---|---|
| Changes | Make small changes | Make changes alone |
| Docs | Read them | Write them |
"""


def test_the_shipped_ladder() -> None:
    found = default_document()
    assert found.areas == ["Incident response", "Monitoring", "Maintenance"]
    assert [duty.key for duty in found.duties][:2] == ["IR-L1-1", "IR-L1-2"]
    assert len(found.duties) == 51
    assert len({duty.key for duty in found.duties}) == 51


def test_headings_numbers_wrapped_lines_and_code() -> None:
    found = read(OTHER)
    assert [(d.key, d.text, d.line) for d in found.duties] == [
        ("IR-L1-1", "Join the response under guidance.", 14),
        ("IR-L1-2", "Report what you see.", 16),
        ("IR-L2-1", "Run the response of small incidents.", 20),
        ("MO-L1-1", "Watch the dashboards.", 30),
        ("MO-L2-1", "Improve the dashboards.", 34),
    ]
    assert found.levels == {1: "Junior", 2: "Engineer"}


def test_a_table_with_level_columns() -> None:
    assert [(d.key, d.text) for d in read(TABLE).duties] == [
        ("MA-L1-1", "Make small changes"),
        ("MA-L2-1", "Make changes alone"),
        ("MA-L1-2", "Read them"),
        ("MA-L2-2", "Write them"),
    ]


def test_reworded_duties_find_their_counterparts() -> None:
    text = Path(__file__).parent.joinpath("reworded.md").read_text()
    stands = correspondence(read(text))
    assert stands["IR-L1-1"] == "IR-L1-3"  # runbook steps came first there
    assert stands["MO-L1-1"] == "MO-L1-3"
    assert "IR-L1-3" not in stands  # juggling has no counterpart


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("# T\n\nnothing here\n", 1, "No duty"),
        ("# T\n\n**L1: Junior**\n- x\n", 3, "before any area"),
        ("# T\n## A\n**L1: J**\n- x\n**L1: K**\n- y\n", 5, "twice"),
        ("# T\n## A\n**L1: J**\n- x\n- x\n", 5, "twice"),
        ("# T\n## A\n**L1: J**\n- x\n**L3: S**\n- y\n", 4, "no duty at L2"),
        ("# T\n## A\n**L0: J**\n- x\n", 3, "no level"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(LadderError) as caught:
        read(text)
    problem = caught.value.problems[0]
    assert problem.line == line
    assert words in problem.what
    assert problem.hint


@given(st.lists(st.from_regex(r"[A-Z][a-z]+( [a-z]+)?", fullmatch=True), unique=True, min_size=1))
def test_prefixes_are_unique(areas: list[str]) -> None:
    found = prefixes(areas)
    assert len(set(found.values())) == len(areas)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = read(text)
    except LadderError as error:
        found, problems = None, error.problems
    assert found.duties if found else problems


def test_a_document_beyond_any_ladder_is_refused_at_once() -> None:
    """Reading holds up all other writing, and everybody may draft one."""
    head = "# L\n## Incident response\n**L1: Junior**\n"
    duties = [f"- answer alert {number}\n" for number in range(MOST_DUTIES + 1)]
    read(head + "".join(duties[:-1]))
    with pytest.raises(LadderError, match=f"^Line {MOST_DUTIES + 4}: more than"):
        read(head + "".join(duties))
    with pytest.raises(LadderError, match=r"^Line 1: longer than"):
        read(head + "- " + "answer " * LONGEST)

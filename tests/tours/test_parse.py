"""Tours as Markdown: what is read, and what is wrong in which line."""

import pytest

from watchbill.lib.problems import Unreadable
from watchbill.tours.parse import parse
from watchbill.tours.reads import EXAMPLE
from watchbill.tours.steps import kept, read_steps

HEAD = "---\ntitle: t\nkind: {}\n---\n"


def test_the_example_is_read() -> None:
    written = parse(EXAMPLE)
    assert (written.title, written.sort, written.area) == (
        "How busy the shop is", "tour", "monitoring",
    )  # fmt: skip
    find, text = written.steps
    assert (find.kind, find.query, find.within) == ("find", "count(up)", 0.0)
    assert find.words == "Requests are what users ask of the shop."
    assert (text.kind, text.page) == ("text", "/monitoring/")
    assert read_steps(kept(written.steps)) == list(written.steps)


def test_choices_have_right_ones() -> None:
    text = HEAD.format("tour") + "## A\n```choice\nWhich?\n- one\n* two\n- three\n```\n"
    (step,) = parse(text).steps
    assert (step.choices, step.right) == (("one", "two", "three"), ("two",))


def block(kind: str, *lines: str, sort: str = "tour") -> str:
    return HEAD.format(sort) + "\n".join(["## A", f"```{kind}", *lines, "```", ""])


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "there is no head"),
        ("---\ntitle: t\n---\n", 4, "there are no steps"),
        ("---\nkind: tour\n---\n## A\n```text\nx\n```", 1, "needs a title"),
        ("---\ntitle: t\nslug: a\n---\n## A\n```text\nx\n```", 3, "not known here"),
        ("---\ntitle: t\narea: cellar\n---\n## A\n```text\nx\n```", 3, "is not an area"),
        (HEAD.format("walk") + "## A\n```text\nx\n```", 3, "no kind of tour"),
        (HEAD.format("tour") + "## A\nwords\n", 5, "0 closed blocks"),
        (block("guess", "x"), 6, "no kind of question"),
        (block("text"), 6, "question is missing"),
        (block("find", "x"), 6, "the query is missing"),
        (block("find", "x", "query: up", "within: much"), 9, "no share"),
        (block("find", "x", "query: up", "unit: feet"), 9, "no unit"),
        (block("find", "x", "page: https://evil.example"), 8, "no address inside"),
        (block("find", "x", "page: //evil.example"), 8, "no address inside"),
        (block("fact", "x"), 6, "the fact is missing"),
        (block("fact", "x", "fact: colour"), 8, "is no fact"),
        (block("text", "x", "query: up"), 8, "no setting of text"),
        (block("choice", "x", "- a", "- b"), 6, "right and wrong"),
        (block("capture", "x", "query: up"), 6, "a tour has no step"),
        (block("find", "x", "query: up", sort="round"), 6, "a round has no step"),
        (block("capture", "x", sort="round"), 6, "either a query or logs"),
        (block("capture", "x", "query: a", "logs: {a=\"b\"}", sort="round"), 6, "either"),
        ("x" * 60_000, 1, "longer than"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(Unreadable) as wrong:
        parse(text)
    first = wrong.value.problems[0]
    assert (first.line, what in first.what) == (line, True)

"""Reads a tour written in Markdown. Every problem is told with its line.

---
title: How busy the shop is
area: monitoring
kind: tour
component: shop
---
## Requests
Requests are what users ask of the shop.

```find
How many requests a second does it answer now?
page: /monitoring/components/shop/
query: sum(rate(requests_total[1m]))
within: 10%
```
"""

import re
from dataclasses import dataclass
from typing import Final

from watchbill.lib.levels import Area
from watchbill.lib.problems import Problem, Unreadable
from watchbill.tours import facts
from watchbill.tours.models import Sort
from watchbill.tours.steps import KINDS, UNITS, Step

LONGEST = 50_000
MOST_STEPS = 30
HEAD: Final = ("title", "area", "kind", "component")
SETTINGS: Final = {
    "find": ("page", "link", "query", "within", "unit"),
    "capture": ("page", "link", "query", "logs", "unit"),
    "fact": ("page", "link", "fact"),
    "choice": ("page", "link"),
    "text": ("page", "link"),
}
_HEAD_LINE = re.compile(r"([a-z]+):\s*(.*\S|)\s*")
_SETTING = re.compile(r"(page|link|query|logs|within|unit|fact):\s*(.*\S|)\s*")
_LINK = "link:"


@dataclass(frozen=True)
class Written:
    """A tour as its text has it. A page that is a link of the component is "link:Its title"."""

    title: str
    area: str
    sort: str
    component: str
    steps: tuple[Step, ...]


def parse(text: str) -> Written:
    """The tour that `text` describes. Raises Unreadable with every problem and its line."""
    if len(text) > LONGEST:
        raise Unreadable([Problem(1, f"longer than {LONGEST} characters", "Split it in two.")])
    lines = text.replace("\r\n", "\n").split("\n")
    problems: list[Problem] = []
    head, first = _head(lines, problems)
    sort = head.get("kind", Sort.TOUR.value)
    steps = []
    for start, end in _sections(lines, first):
        try:
            steps.append(_step(lines, start, end, sort))
        except _Wrong as wrong:
            problems.append(wrong.problem)
    if not steps and not problems:
        hint = "A step is a `## Title`, prose and one block such as ```text."
        problems.append(Problem(first + 1, "there are no steps", hint))
    if len(steps) > MOST_STEPS:
        problems.append(Problem(1, f"more than {MOST_STEPS} steps", "Make two tours of it."))
    if problems:
        raise Unreadable(problems)
    return Written(
        head["title"], head.get("area", Area.MONITORING.value), sort,
        head.get("component", ""), tuple(steps),
    )  # fmt: skip


def link_of(page: str) -> str:
    """The title of the component's link that a page names; empty when it names none."""
    return page.removeprefix(_LINK) if page.startswith(_LINK) else ""


class _Wrong(Exception):
    def __init__(self, line: int, what: str, hint: str = "") -> None:
        self.problem = Problem(line, what, hint)


def _head(lines: list[str], problems: list[Problem]) -> tuple[dict[str, str], int]:
    """The head's values, and the index of the first line after it."""
    end = next((n for n, line in enumerate(lines[1:], 1) if line.strip() == "---"), 0)
    if lines[0].strip() != "---" or not end:
        hint = "Begin with a line ---, then title, area and kind, then a line ---."
        problems.append(Problem(1, "there is no head", hint))
        return {}, 0
    head: dict[str, str] = {}
    for number in range(1, end):
        found = _HEAD_LINE.fullmatch(lines[number])
        if found is None or found[1] not in HEAD:
            known = f"Known: {', '.join(HEAD)}."
            problems.append(Problem(number + 1, f"{lines[number]!r} is not known here", known))
        else:
            head[found[1]] = found[2]
            if wrong := _wrong_in_head(found[1], found[2]):
                problems.append(Problem(number + 1, *wrong))
    if "title" not in head:
        problems.append(Problem(1, "it needs a title", "title: How busy the shop is"))
    return head, end + 1


def _wrong_in_head(key: str, value: str) -> tuple[str, str] | None:
    if key == "title" and not 0 < len(value) <= 200:
        return "it needs a title", "1 to 200 characters."
    if key == "area" and value not in set(Area):
        return f"{value!r} is not an area", ", ".join(Area)
    if key == "kind" and value not in Sort.values:
        return f"{value!r} is no kind of tour", ", ".join(Sort.values)
    return None


def _sections(lines: list[str], first: int) -> list[tuple[int, int]]:
    """Where each step begins and ends; a ## within a block begins none."""
    starts, inside = [], False
    for number in range(first, len(lines)):
        if lines[number].startswith("```"):
            inside = not inside
        elif lines[number].startswith("## ") and not inside:
            starts.append(number)
    ends = [*starts[1:], len(lines)][: len(starts)]
    return list(zip(starts, ends, strict=True))


def _step(lines: list[str], start: int, end: int, sort: str) -> Step:
    title = lines[start][3:].strip()
    fences = [n for n in range(start, end) if lines[n].startswith("```")]
    if len(fences) != 2:
        what = f"the step “{title}” has {len(fences) // 2} closed blocks instead of one"
        raise _Wrong(start + 1, what, f"One of {', '.join(KINDS)}.")
    opened, closed = fences
    kind = lines[opened][3:].strip()
    if kind not in KINDS:
        raise _Wrong(opened + 1, f"{kind!r} is no kind of question", f"One of {', '.join(KINDS)}.")
    if (kind == "capture") != (sort == Sort.ROUND) and kind != "text":
        what = f"a {sort} has no step of kind {kind}"
        raise _Wrong(opened + 1, what, "Values are captured on a round, questions asked on a tour.")
    words = "\n".join(lines[start + 1 : opened] + lines[closed + 1 : end]).strip()
    return _block(title[:200], words, kind, lines, opened, closed)


def _block(title: str, words: str, kind: str, lines: list[str], opened: int, closed: int) -> Step:
    question: list[str] = []
    given: dict[str, str] = {}
    choices: list[str] = []
    right: list[str] = []
    for number in range(opened + 1, closed):
        line = lines[number]
        found = _SETTING.fullmatch(line)
        if kind == "choice" and line[:2] in ("- ", "* "):
            choices.append(line[2:].strip())
            right += choices[-1:] if line[0] == "*" else []
        elif found is None:
            question.append(line)
        elif found[1] not in SETTINGS[kind]:
            what = f"{found[1]!r} is no setting of {kind}"
            raise _Wrong(number + 1, what, f"Known: {', '.join(SETTINGS[kind])}.")
        else:
            given[found[1]] = found[2]
            _check_setting(found[1], found[2], number + 1)
    ask = " ".join(" ".join(question).split())
    if not 0 < len(ask) <= 500:
        raise _Wrong(opened + 1, "the question is missing or too long", "At most 500 characters.")
    if kind == "find" and not given.get("query"):
        raise _Wrong(opened + 1, "the query is missing", "query: PromQL that gives one number")
    if kind == "capture" and bool(given.get("query")) == bool(given.get("logs")):
        raise _Wrong(opened + 1, "a capture has either a query or logs", "query: … or logs: …")
    if kind == "fact" and not given.get("fact"):
        raise _Wrong(opened + 1, "the fact is missing", f"One of {', '.join(facts.names())}.")
    if kind == "choice" and (len(choices) < 2 or not right or len(right) == len(choices)):
        raise _Wrong(opened + 1, "it needs right and wrong choices", "- wrong, * right")
    link = given.get("link", "")
    return Step(
        title=title, kind=kind, ask=ask, words=words,
        page=f"{_LINK}{link}" if link else given.get("page", ""),
        query=given.get("query", ""), logs=given.get("logs", ""),
        within=share(given.get("within", "10%")) or 0.0, unit=given.get("unit", ""),
        fact=given.get("fact", ""), choices=tuple(choices), right=tuple(right),
    )  # fmt: skip


def _check_setting(name: str, value: str, line: int) -> None:
    if name == "page" and not re.match(r"/(?![/\\])", value):
        raise _Wrong(line, f"{value!r} is no address inside Watchbill", "It begins with one /.")
    if name == "within" and share(value) is None:
        raise _Wrong(line, f"{value!r} is no share", "within: 10%, from 0 to 100%")
    if name == "unit" and value not in UNITS:
        raise _Wrong(line, f"{value!r} is no unit", ", ".join(UNITS[1:]))
    if name == "fact" and value not in facts.names():
        raise _Wrong(line, f"{value!r} is no fact", f"One of {', '.join(facts.names())}.")


def share(text: str) -> float | None:
    """ "10%" as 0.1; None when it is no share."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text.strip())
    return float(found[1]) / 100 if found and float(found[1]) <= 100 else None

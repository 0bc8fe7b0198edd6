"""Reads a ladder document: Markdown with areas, levels and duties. Pure.

The family of forms: a `#` title, a heading per area, under it a level as bold text or a deeper
heading (`**L1: Junior**`, `### Level 2 - Associate`, `### Senior (L3)`), under it one list item per
duty. Or a table per area with a column per level. Front matter, code and prose are passed over.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

LEVEL = re.compile(r"(?i)^(?:l|level|lvl|grade)[\s_-]*(\d+)\b[\s:.)\u2013\u2014-]*(.*)$")
LEVEL_LAST = re.compile(r"(?i)^(.*?)\s*\(\s*(?:l|level)\s*(\d+)\s*\)$")
HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
BOLD = re.compile(r"^\s*(?:\*\*|__)(.+?)(?:\*\*|__)\s*:?\s*$")
ITEM = re.compile(r"^\s*(?:[-*+•]|\d+[.)])\s+(\S.*)$")
LONGEST = 200_000  # characters
MOST_DUTIES = 500
TABLE_RULE = re.compile(r"^\s*\|?[\s:|-]*-[\s:|-]*\|[\s:|-]*$")


@dataclass(frozen=True)
class Problem:
    """What is wrong, in which line, and what to do."""

    line: int
    what: str
    hint: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.what} {self.hint}".strip()


class LadderError(Exception):
    """The document cannot be used; `problems` says why, line by line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass
class Duty:
    """One duty as written. `key` is AREA-LEVEL-ORDINAL, such as IR-L1-3."""

    area: str
    level: int
    text: str
    line: int
    key: str = ""


@dataclass
class Document:
    """A ladder as read: areas in order, the title of each level, the duties."""

    title: str = ""
    areas: list[str] = field(default_factory=list)
    levels: dict[int, str] = field(default_factory=dict)
    duties: list[Duty] = field(default_factory=list)


def read(text: str) -> Document:
    """The ladder in `text`. Raises LadderError with every problem found."""
    if len(text) > LONGEST:
        raise LadderError([Problem(1, f"longer than {LONGEST:,} characters.", "Leave prose out.")])
    reader = _Reader()
    for number, line in _lines(text):
        reader.take(number, line)
    reader.end()
    if len(reader.found.duties) > MOST_DUTIES:
        first = reader.found.duties[MOST_DUTIES].line
        reader.problems.append(Problem(first, f"more than {MOST_DUTIES} duties.", "Join some."))
    if reader.problems:
        raise LadderError(reader.problems)
    _number(reader.found)
    return reader.found


def prefixes(areas: list[str]) -> dict[str, str]:
    """Two letters or more for each area: Incident response IR, Monitoring MO, Maintenance MA."""
    taken: dict[str, str] = {}
    for area in areas:
        words = re.findall(r"\w+", area.upper())
        letters = "".join(word[0] for word in words) if len(words) > 1 else words[0]
        size = 2
        while (prefix := letters[:size].ljust(2, "X")) in taken.values() and size < len(letters):
            size += 1
        while prefix in taken.values():
            prefix += "X"
        taken[area] = prefix
    return taken


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with numbers from 1, without front matter and fenced code."""
    lines = text.replace("\r\n", "\n").split("\n")
    start = 0
    if lines and lines[0].strip() == "---" and "---" in [line.strip() for line in lines[1:]]:
        start = [line.strip() for line in lines[1:]].index("---") + 2
    fenced = False
    for number, line in enumerate(lines[start:], start + 1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced:
            yield number, line


class _Reader:
    """Takes line after line and remembers where in the ladder it is."""

    def __init__(self) -> None:
        self.found = Document()
        self.problems: list[Problem] = []
        self.area = ""
        self.area_line = 0
        self.level: int | None = None
        self.level_depth = 7
        self.columns: dict[int, int] | None = None
        self.header: tuple[int, list[str]] | None = None

    def take(self, number: int, line: str) -> None:
        if line.lstrip().startswith("|"):
            self._table(number, line)
            return
        self.columns = self.header = None
        if not line.strip():
            return
        heading, bold = HEADING.match(line), BOLD.match(line)
        if heading:
            self._heading(number, len(heading[1]), _clean(heading[2]))
        elif bold and (level := _level(_clean(bold[1]))):
            self._enter(number, *level, depth=7)
        elif item := ITEM.match(line):
            self._item(number, line, _clean(item[1]))
        elif line[0] in " \t" and self.level is not None and self.found.duties:
            self.found.duties[-1].text += " " + _clean(line)

    def _heading(self, number: int, depth: int, words: str) -> None:
        if level := _level(words):
            self._enter(number, *level, depth=depth)
        elif depth == 1 and not self.found.title:
            self.found.title = words
        elif self.level is None or depth <= self.level_depth:
            self._close_area()
            self.area, self.area_line, self.level = words, number, None
            self.level_depth = 7

    def _enter(self, number: int, level: int, title: str, depth: int) -> None:
        if not self.area:
            self.problems.append(
                Problem(number, "A level stands before any area.", "Put `## Area` above it.")
            )
            return
        if any(d.area == self.area and d.level == level for d in self.found.duties):
            self.problems.append(
                Problem(number, f"L{level} stands twice in {self.area}.", "Join the two lists.")
            )
        if not 1 <= level <= 9:
            self.problems.append(Problem(number, f"L{level} is no level.", "Number them from 1."))
        self.level, self.level_depth = level, depth
        self.found.levels.setdefault(level, title)

    def _item(self, number: int, line: str, words: str) -> None:
        if self.level is None:
            return  # a list in prose
        if line[:2] in ("  ", "\t") and self.found.duties and ITEM.match(line):
            indent = len(line) - len(line.lstrip())
            if indent >= 4 and self.found.duties[-1].level == self.level:
                self.found.duties[-1].text += "; " + words
                return
        self._add(number, self.level, words)

    def _add(self, number: int, level: int, words: str) -> None:
        if any(
            d.area == self.area and d.level == level and d.text == words for d in self.found.duties
        ):
            self.problems.append(
                Problem(number, f"This duty stands twice: {words!r}.", "Delete one.")
            )
            return
        self.found.duties.append(Duty(self.area, level, words, number))

    def _table(self, number: int, line: str) -> None:
        cells = [_clean(cell) for cell in line.strip().strip("|").split("|")]
        if self.columns is None:
            if TABLE_RULE.match(line) and self.header is not None:
                levels = [_level(cell) for cell in self.header[1]]
                self.columns = {k: at[0] for k, at in enumerate(levels) if at}
                for at in levels:
                    if at:
                        self.found.levels.setdefault(at[0], at[1])
            else:
                self.header = (number, cells)
            return
        if len(self.columns) < 2 or not self.area:
            return
        for column, level in self.columns.items():
            if column < len(cells) and cells[column]:
                self._add(number, level, cells[column])

    def _close_area(self) -> None:
        if not self.area:
            return
        if any(duty.area == self.area for duty in self.found.duties):
            self.found.areas.append(self.area)

    def end(self) -> None:
        self._close_area()
        if not self.found.duties and not self.problems:
            self.problems.append(
                Problem(
                    1,
                    "No duty was found.",
                    "Write `## Area`, under it `**L1: Junior**`, under it `- what they do`.",
                )
            )
        for area in self.found.areas:
            has = {duty.level for duty in self.found.duties if duty.area == area}
            for level in range(1, max(has) + 1):
                if level not in has:
                    line = next(d.line for d in self.found.duties if d.area == area)
                    self.problems.append(
                        Problem(line, f"{area} has no duty at L{level}.", "Add it or renumber.")
                    )


def _level(words: str) -> tuple[int, str] | None:
    if len(words) > 60:
        return None
    if match := LEVEL_LAST.match(words):
        return int(match[2]), match[1]
    if match := LEVEL.match(words):
        return int(match[1]), match[2].strip() or words
    return None


def _number(found: Document) -> None:
    letters = prefixes(found.areas)
    counts: dict[tuple[str, int], int] = {}
    for duty in found.duties:
        place = (duty.area, duty.level)
        counts[place] = counts.get(place, 0) + 1
        duty.key = f"{letters[duty.area]}-L{duty.level}-{counts[place]}"


def _clean(words: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"[*_`]{1,3}", "", words)).strip().rstrip(":").strip()

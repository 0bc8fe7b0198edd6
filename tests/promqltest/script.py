"""The language of promqltest files, as documented in Prometheus's promql/promqltest/README.md."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.promqltest.histograms import Labels, histograms

from watchbill.telemetry.promql.ast import VectorSelector
from watchbill.telemetry.promql.durations import parse_duration
from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.lexer import TokenStream
from watchbill.telemetry.promql.numbers import parse_number
from watchbill.telemetry.promql.parse_selector import selector
from watchbill.telemetry.promql.storage import STALE

Sample = float | Histogram | None

_NUMBER = r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[iI]nf|[nN]a[nN])"
_VALUE = re.compile(rf"({_NUMBER})(?:([+-])({_NUMBER}))?(?:x(\d+))?")
_ITEM = re.compile(r"\{\{.*?\}\}(?:\s*[+-]\s*\{\{.*?\}\})?(?:x\d+)?|\S+")
_OFFSET = re.compile(
    r"(?P<first>[+-]?\d+(?:[a-wyz]\w*?)?)(?P<step>[+-]\d+[a-wyz]\w*?)?(?:x(?P<times>\d+))?"
)
_EVAL = re.compile(r"(eval(?:_fail|_warn|_info|_ordered)?)\s+(instant|range)\s+(.*)")
_INSTANT = re.compile(r"at\s+(\S+)\s+(.*)")
_RANGE = re.compile(r"from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.*)")
_EXPECT = re.compile(r"expect\s+(\w+)(?:\s+(msg|regex)\s*:\s*(.*))?")


@dataclass
class Load:
    """Samples to add: for each series one value every `gap` ms from 0 on.

    `starts` has start timestamps, in ms from the time of each sample.
    """

    gap: int
    series: list[tuple[Labels, list[Sample]]]
    with_histograms: bool
    starts: list[tuple[Labels, list[int | None]]]


@dataclass
class Clear:
    """Forget all samples."""


@dataclass
class Note:
    """An expected failure, warning or info: any, or one with this text or pattern."""

    kind: str
    how: str | None = None
    text: str = ""

    def fits(self, message: str) -> bool:
        """Whether a message is the expected one."""
        if self.how == "msg":
            return message == self.text
        return self.how is None or re.search(self.text, message) is not None


@dataclass
class Eval:
    """A query with what it should give; `series` with labels None is a scalar."""

    line: int
    query: str
    start: int
    end: int
    step: int | None
    series: list[tuple[Labels | None, list[Sample]]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    ordered: bool = False
    text: str | None = None
    matrix: tuple[int, int, int] | None = None

    @property
    def failure(self) -> Note | None:
        """The failure that is expected, if one is."""
        return next((note for note in reversed(self.notes) if note.kind == "fail"), None)


@dataclass
class Unreadable:
    """A command that is not in the language as it is known here; those after it go on."""

    line: int
    text: str
    why: str


Command = Load | Clear | Eval | Unreadable


def read(path: Path) -> Iterator[Command]:
    """The commands of a file in order."""
    lines = [re.sub(r"^\s*#.*$", "", line) for line in path.read_text().splitlines()]
    position = 0
    while position < len(lines):
        head, line = lines[position].strip(), position + 1
        position += 1
        body = []
        if head.startswith(("load", "eval")):
            while position < len(lines) and lines[position].strip():
                body.append(lines[position].strip())
                position += 1
        if not head:
            continue
        try:
            yield _command(head, body, line)
        except Exception as error:  # noqa: BLE001  whatever is wrong with it, others are not
            yield Unreadable(line, head, f"cannot be read: {error!r}")


def _command(head: str, body: list[str], line: int) -> Command:
    if head.startswith("load"):
        return _load(head, body)
    if head.startswith("clear"):
        return Clear()
    if head.startswith("eval"):
        return _eval(head, body, line)
    raise ValueError("unknown command")


def _load(head: str, body: list[str]) -> Load:
    command, gap = head.split()[:2]
    series: list[tuple[Labels, list[Sample]]] = []
    starts: list[tuple[Labels, list[int | None]]] = []
    for line in body:
        end = _end_of_labels(line)
        if line[end:].startswith("@st"):
            starts.append((_labels(line[:end]), _offsets(line[end:].removeprefix("@st"))))
        else:
            series.append(_series(line))
    return Load(_duration(gap), series, command == "load_with_nhcb", starts)


def _eval(head: str, body: list[str], line: int) -> Eval:
    match = _EVAL.match(head)
    assert match, head
    command, kind, rest = match.groups()
    if kind == "instant":
        at, query = _INSTANT.match(rest).groups()
        case = Eval(line, query, _duration(at), _duration(at), None)
    else:
        start, end, step, query = _RANGE.match(rest).groups()
        case = Eval(line, query, _duration(start), _duration(end), _duration(step))
    case.ordered = command == "eval_ordered"
    if command in ("eval_fail", "eval_warn", "eval_info"):
        case.notes.append(Note(command.removeprefix("eval_")))
    for item in body:
        _expectation(case, item)
    return case


def _expectation(case: Eval, item: str) -> None:
    word, _, rest = item.partition(" ")
    if word in ("expected_fail_message", "expected_fail_regexp"):
        case.notes.append(Note("fail", "msg" if word.endswith("message") else "regex", rest))
    elif item == "expect ordered":
        case.ordered = True
    elif item.startswith("expect string"):
        case.text = item.removeprefix("expect string").strip()
    elif match := re.match(r"expect\s+range vector\s+from (\S+) to (\S+) step (\S+)", item):
        start, end, step = match.groups()
        case.matrix = (_duration(start), _duration(end), _duration(step))
    elif match := _EXPECT.match(item):
        case.notes.append(Note(*match.groups(default=None)[:2], match.group(3) or ""))
    elif "{" not in item and len(item.split()) == 1 and _VALUE.fullmatch(item):
        case.series.append((None, _values(item)))
    else:
        case.series.append(_series(item))


def _duration(text: str) -> int:
    """Milliseconds of `5m`, or of a number of seconds."""
    sign, text = (-1 if text.startswith("-") else 1), text.lstrip("+-")
    try:
        return sign * parse_duration(text)
    except ValueError:
        return sign * round(float(text) * 1000)


def _series(line: str) -> tuple[Labels, list[Sample]]:
    """`name{labels} values`; a bare `{{…}}` belongs to the values."""
    end = _end_of_labels(line)
    return _labels(line[:end]), _values(line[end:])


def _labels(text: str) -> Labels:
    if not text.strip():
        return {}
    found: VectorSelector = selector(TokenStream(text))
    return {matcher.name: matcher.value for matcher in found.matchers}


def _offsets(text: str) -> list[int | None]:
    """Times before or after the sample: `-30s`, `-30s-1mx2` (three of them), `_` for none."""
    out: list[int | None] = []
    for item in text.split():
        match = _OFFSET.fullmatch(item)
        if item.startswith("_"):
            out += [None] * int(item.partition("x")[2] or 1)
        elif match:
            first, step = _duration(match["first"]), _duration(match["step"] or "0")
            out += [first + step * number for number in range(int(match["times"] or 0) + 1)]
        else:
            raise ValueError(f"not a start timestamp: {item}")
    return out


def _end_of_labels(line: str) -> int:
    name = re.match(r"[a-zA-Z_:][\w:]*(?=\s|\{|@|$)", line)
    position = name.end() if name else 0
    brace = re.match(r"\s*\{(?!\{)", line[position:])
    if not brace:
        return position
    inside = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|[^}"'`])*\}""")
    return inside.match(line, position + brace.end()).end()


def _values(text: str) -> list[Sample]:
    out: list[Sample] = []
    for item in _ITEM.findall(text):
        times = int(match.group(1)) if (match := re.search(r"x(\d+)$", item)) else 0
        if item.startswith("{{"):
            out += histograms(item)
        elif item.startswith("_"):
            out += [None] * max(times, 1)
        elif item.startswith("stale"):
            out += [STALE] * (times + 1)
        else:
            out += _numbers(item)
    return out


def _numbers(item: str) -> list[Sample]:
    match = _VALUE.fullmatch(item)
    if not match:
        raise ValueError(f"not a value: {item}")
    first, sign, step, times = match.groups()
    value, out = parse_number(first.removeprefix("+")), []
    change = parse_number(step) * (1 if sign == "+" else -1) if step else 0.0
    for _ in range(int(times or 0) + 1):
        out.append(value)
        value += change
    return out

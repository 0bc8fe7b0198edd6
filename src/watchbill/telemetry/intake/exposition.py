"""The text that instrumented programs serve: Prometheus text 0.0.4 and OpenMetrics 1.0.

A line is split into the text that names its series, its value and its time; the naming text repeats
from scrape to scrape, so callers keep what `series_labels` made of it, and lines that begin with
one they keep are read without looking closer. `_created` lines are samples like others. Sources:
https://prometheus.io/docs/instrumenting/exposition_formats/,
https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from watchbill.telemetry.exemplars import Exemplar
from watchbill.telemetry.intake.metadata import TYPES, Metadata
from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.storage import METRIC_NAME, labels_of

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_QUOTED = r'"(?:[^"\\\n]|\\.)*+"'
_SERIES = re.compile(rf'({_NAME})?[ \t]*(?:\{{((?:[^"}}]++|{_QUOTED})*+)\}})?')
_LABEL = re.compile(
    rf"[ \t]*(?:({_QUOTED}|[a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*({_QUOTED})|({_QUOTED}))[ \t]*(,|$)"
)
_EXEMPLAR = re.compile(rf"\{{((?:[^\"}}]++|{_QUOTED})*+)\}} (\S+)(?: (\S+))?")
_DESCRIBED = re.compile(rf"({_QUOTED}|\S+)[ \t]*")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", '"': '"', "\\": "\\"}

Series = str | tuple[tuple[str, str], ...]
"""What names a series on a page: the text before the value, or the pairs where there is none."""


class ExpositionError(ValueError):
    """A line that does not follow the format."""

    def __init__(self, number: int, line: str, reason: str) -> None:
        super().__init__(f"line {number}: {reason}: {line[:120]!r}")


class Sample(NamedTuple):
    """One sample: what names its series, its value, its time in ms if it was told."""

    series: Series
    value: float
    t_ms: int | None


class NativeSample(NamedTuple):
    """A sample that is a native histogram."""

    series: Series
    histogram: Histogram
    t_ms: int | None


@dataclass
class Exposition:
    """A whole page. An exemplar that tells no time has `t_ms` 0."""

    samples: list[Sample] = field(default_factory=list)
    metadata: dict[str, Metadata] = field(default_factory=dict)
    exemplars: list[tuple[Series, Exemplar]] = field(default_factory=list)
    histograms: list[NativeSample] = field(default_factory=list)


def parse(page: str, *, openmetrics: bool = False, known: Container[Series] = ()) -> Exposition:
    """Read a page; `known` are texts of series that earlier pages had.

    Raises `ExpositionError` at the first line that is wrong.
    """
    found = Exposition()
    add = found.samples.append
    lines = page.split("\n")
    if openmetrics:
        lines = _until_end(lines)
    for number, raw in enumerate(lines, 1):
        series, _, word = raw.rpartition(" ")
        if series in known:
            try:
                add(Sample(series, _number(word), None))
                continue
            except ValueError:
                pass  # to be told where and why below
        line = raw.strip(" \t\r")
        if not line:
            continue
        if line[0] == "#":
            _describe(number, line, found.metadata, openmetrics)
        else:
            _sample(number, line, openmetrics, found)
    return found


def _until_end(lines: list[str]) -> list[str]:
    """The lines before `# EOF`, after which nothing may come."""
    last = len(lines)
    while last and not lines[last - 1].strip(" \t\r"):
        last -= 1
    end = next((at for at, line in enumerate(lines) if line.rstrip(" \t\r") == "# EOF"), None)
    if end is None:
        raise ExpositionError(max(last, 1), "", "data does not end with # EOF")
    if end != last - 1:
        raise ExpositionError(end + 2, lines[end + 1], "text after # EOF")
    return lines[:end]


def _sample(number: int, line: str, openmetrics: bool, found: Exposition) -> None:
    match = _SERIES.match(line)
    if match is None or not (match.group(1) or match.group(2)):
        raise ExpositionError(number, line, "no metric name")
    end = match.end()
    rest, exemplar = line[end:], ""
    if openmetrics:
        rest, _, exemplar = rest.partition(" # ")
    words = rest.split()
    if not 1 <= len(words) <= 2 or (match.group(2) is None and line[end - 1] not in " \t"):
        raise ExpositionError(number, line, "expected a value and perhaps a time")
    series = match.group().rstrip(" \t")
    try:
        value, t_ms = _number(words[0]), None
        if len(words) == 2:
            t_ms = round(_number(words[1]) * 1000) if openmetrics else int(words[1])
            if not -(1 << 63) <= t_ms < 1 << 63:
                raise OverflowError
    except (ValueError, OverflowError):
        raise ExpositionError(number, line, "not a number") from None
    found.samples.append(Sample(series, value, t_ms))
    if exemplar:
        try:
            found.exemplars.append((series, _exemplar(exemplar)))
        except (ValueError, OverflowError) as error:
            raise ExpositionError(number, line, f"bad exemplar: {error}") from None


def _number(word: str) -> float:
    """A number in Go's notation, of which Python's is wider."""
    if "_" in word or not word.isascii():
        raise ValueError(word)
    return float(word)


def _exemplar(told: str) -> Exemplar:
    match = _EXEMPLAR.fullmatch(told.strip(" \t"))
    if match is None:
        raise ValueError("expected {labels} value and perhaps a time")
    inside, value, t = match.groups()
    t_ms = round(_number(t) * 1000) if t else 0
    if not -(1 << 63) <= t_ms < 1 << 63:
        raise ValueError("the time is out of range")
    return Exemplar(labels_of(dict(label_pairs(inside))), _number(value), t_ms)


def series_labels(series: Series) -> dict[str, str]:
    """The labels that name a series, `__name__` among them.

    Raises `ValueError` with the reason when the text is wrong.
    """
    shown = str(series)[:120]
    if isinstance(series, str):
        match = _SERIES.fullmatch(series)
        if match is None:
            raise ValueError(f"bad series: {shown!r}")
        name, inside = match.groups()
        labels = {METRIC_NAME: name} if name else {}
        pairs = label_pairs(inside or "")
    else:
        labels, pairs = {}, iter(series)
    for key, value in pairs:
        if key in labels:
            raise ValueError(f"label {key!r} appears twice: {shown!r}")
        labels[key] = value
    if not labels.get(METRIC_NAME):
        raise ValueError(f"no metric name: {shown!r}")
    return labels


def label_pairs(inside: str) -> Iterator[tuple[str, str]]:
    """The pairs in `a="b",c="d"`; a bare quoted text is the metric name. Raises `ValueError`."""
    at = 0
    while at < len(inside):
        match = _LABEL.match(inside, at)
        if match is None:
            if not inside[at:].strip(" \t"):
                return
            raise ValueError(f"bad labels at {inside[at : at + 60]!r}")
        key, value, bare, _ = match.groups()
        if bare is not None:  # {"a name in quotes", …}
            yield METRIC_NAME, _unquote(bare)
        else:
            yield (_unquote(key) if key[0] == '"' else key), _unquote(value)
        at = match.end()


def _unquote(text: str) -> str:
    return _unescape(text[1:-1])


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match.group(1), match.group()), text)


def _describe(number: int, line: str, metadata: dict[str, Metadata], openmetrics: bool) -> None:
    """A line that begins with #: TYPE, HELP, UNIT, or a comment."""
    words = line.split(None, 2)
    if len(words) < 3 or words[0] != "#" or words[1] not in ("TYPE", "HELP", "UNIT"):
        return
    match = _DESCRIBED.match(words[2])
    assert match is not None  # split leaves no white space at the start
    name, content = match.group(1), words[2][match.end() :]
    if name[0] == '"':
        name = _unquote(name)
    known = metadata.get(name, _UNSAID)
    if words[1] == "TYPE":
        kind = "unknown" if content == "untyped" else content
        if kind not in TYPES:
            raise ExpositionError(number, line, f"unknown metric type {content!r}")
        metadata[name] = Metadata(kind, known.help, known.unit)
    elif words[1] == "HELP":
        metadata[name] = Metadata(known.type, _unescape(content), known.unit)
    else:
        if openmetrics and content and not name.endswith(f"_{content}"):
            raise ExpositionError(number, line, f"the name does not end in its unit {content!r}")
        metadata[name] = Metadata(known.type, known.help, content)


_UNSAID = Metadata("unknown", "", "")

"""The text that instrumented programs serve: Prometheus text 0.0.4 and OpenMetrics 1.0.

A line is split into the text that names its series, its value and its time; the naming text repeats
from scrape to scrape, so callers keep what `series_labels` made of it. Exemplars are passed over.
Sources: https://prometheus.io/docs/instrumenting/exposition_formats/,
https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from watchbill.telemetry.intake.metadata import Metadata
from watchbill.telemetry.promql.storage import METRIC_NAME

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_QUOTED = r'"(?:[^"\\\n]|\\.)*+"'
_SERIES = re.compile(rf'({_NAME})?[ \t]*(?:\{{((?:[^"}}]++|{_QUOTED})*+)\}})?')
_LABEL = re.compile(
    rf"[ \t]*(?:({_QUOTED}|[a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*({_QUOTED})|({_QUOTED}))[ \t]*(,|$)"
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", '"': '"', "\\": "\\"}


class ExpositionError(ValueError):
    """A line that does not follow the format."""

    def __init__(self, number: int, line: str, reason: str) -> None:
        super().__init__(f"line {number}: {reason}: {line[:120]!r}")


class Sample(NamedTuple):
    """One sample: the text that names its series, its value, its time in ms if the line had one."""

    series: str
    value: float
    t_ms: int | None


@dataclass
class Exposition:
    """A whole page."""

    samples: list[Sample] = field(default_factory=list)
    metadata: dict[str, Metadata] = field(default_factory=dict)


def parse(page: str, *, openmetrics: bool = False) -> Exposition:
    """Read a page. Raises `ExpositionError` at the first line that is wrong."""
    found = Exposition()
    ended = False
    for number, raw in enumerate(page.split("\n"), 1):
        line = raw.strip(" \t\r")
        if not line:
            continue
        if ended:
            raise ExpositionError(number, line, "text after # EOF")
        if line[0] == "#":
            ended = openmetrics and line == "# EOF"
            _describe(line, found.metadata)
        else:
            found.samples.append(_sample(number, line, openmetrics))
    if openmetrics and not ended:
        raise ExpositionError(page.count("\n") + 1, "", "data does not end with # EOF")
    return found


def _sample(number: int, line: str, openmetrics: bool) -> Sample:
    match = _SERIES.match(line)
    if match is None or not (match.group(1) or match.group(2)):
        raise ExpositionError(number, line, "no metric name")
    end = match.end()
    rest = line[end:]
    if openmetrics:
        rest = rest.partition(" # ")[0]
    words = rest.split()
    if not 1 <= len(words) <= 2 or (match.group(2) is None and line[end - 1] not in " \t"):
        raise ExpositionError(number, line, "expected a value and perhaps a time")
    try:
        value = _number(words[0])
        if len(words) == 1:
            return Sample(match.group().rstrip(" \t"), value, None)
        t_ms = round(_number(words[1]) * 1000) if openmetrics else int(words[1])
    except (ValueError, OverflowError):
        raise ExpositionError(number, line, "not a number") from None
    return Sample(match.group().rstrip(" \t"), value, t_ms)


def _number(word: str) -> float:
    if "_" in word:
        raise ValueError(word)
    return float(word)


def series_labels(series: str) -> dict[str, str]:
    """The labels that a series' text names, `__name__` among them.

    Raises `ValueError` with the reason when the text is wrong.
    """
    match = _SERIES.fullmatch(series)
    if match is None:
        raise ValueError(f"bad series: {series[:120]!r}")
    name, inside = match.group(1), match.group(2)
    labels = {METRIC_NAME: name} if name else {}
    for key, value in label_pairs(inside or ""):
        if key in labels:
            raise ValueError(f"label {key!r} appears twice: {series[:120]!r}")
        labels[key] = value
    if not labels.get(METRIC_NAME):
        raise ValueError(f"no metric name: {series[:120]!r}")
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
    inner = text[1:-1]
    if "\\" not in inner:
        return inner
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match.group(1), match.group()), inner)


def _describe(line: str, metadata: dict[str, Metadata]) -> None:
    words = line.split(None, 3)
    if len(words) < 3 or words[0] != "#" or words[1] not in ("TYPE", "HELP", "UNIT"):
        return
    name, content = words[2], words[3] if len(words) > 3 else ""
    if name[0] == '"':
        name = _unquote(name)
    known = metadata.get(name, Metadata("unknown", "", ""))
    if words[1] == "TYPE":
        kind = "unknown" if content == "untyped" else content
        metadata[name] = Metadata(kind, known.help, known.unit)
    elif words[1] == "HELP":
        text = _ESCAPE.sub(lambda match: _ESCAPED.get(match.group(1), match.group()), content)
        metadata[name] = Metadata(known.type, text, known.unit)
    else:
        metadata[name] = Metadata(known.type, known.help, content)

"""Run the commands of a script and judge what the engine answers."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.promqltest.histograms import from_classic, stored
from tests.promqltest.script import Clear, Eval, Load, Sample, Unreadable, read

from watchbill.telemetry.promql import storage
from watchbill.telemetry.promql.engine import Result, instant, range_
from watchbill.telemetry.promql.errors import PromqlError
from watchbill.telemetry.promql.histogram import Buckets, Histogram
from watchbill.telemetry.promql.native.layout import compact
from watchbill.telemetry.promql.numbers import unquote

_TOLERANCE = 1e-6
_SMALLEST_NORMAL = 2.2250738585072014e-308
_MINUTE = 60_000


@dataclass(frozen=True)
class Outcome:
    """How a case ended; `why` is empty when it passed."""

    line: int
    query: str
    native: bool
    why: str


class _Store(storage.InMemory):
    """Notices when a native histogram is among the samples asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.native = False

    def load(self, command: Load) -> None:
        gap = command.gap
        starts = {
            storage.labels_of(labels): {at * gap: at * gap + offset for at, offset in known}
            for labels, offsets in command.starts
            if (known := [(at, offset) for at, offset in enumerate(offsets) if offset is not None])
        }
        for labels, samples in command.series:
            there = {at * gap: sample for at, sample in enumerate(samples) if sample is not None}
            own = starts.get(storage.labels_of(labels))
            self.add(labels, zip(there, stored(there.values()), strict=True), own)
        if command.with_histograms:
            classic = [
                (labels, {at * gap: one for at, one in enumerate(samples) if one is not None})
                for labels, samples in command.series
            ]
            for labels, made in from_classic(classic):
                times = sorted(made)
                self.add(labels, zip(times, stored(made[at] for at in times), strict=True))

    def select(
        self, matchers: Sequence[storage.Matcher], start_ms: int, end_ms: int
    ) -> storage.Selection:
        found = super().select(matchers, start_ms, end_ms)
        self.native |= found.h is not None
        return found


def run(path: Path) -> Iterator[Outcome]:
    """The outcome of every `eval` in a file, and of every command that cannot be read."""
    store = _Store()
    for command in read(path):
        match command:
            case Load():
                store.load(command)
            case Clear():
                store = _Store()
            case Unreadable():
                yield Outcome(command.line, command.text, native=False, why=command.why)
            case Eval():
                yield _outcome(store, command)


def _outcome(store: _Store, case: Eval) -> Outcome:
    store.native = any(
        isinstance(value, Histogram) for _, values in case.series for value in values
    )
    try:
        why = _judge(store, case)
    except Exception as error:  # noqa: BLE001  a crash is a failure to report, not the end
        why = f"CRASH {error!r}"
    return Outcome(case.line, case.query, store.native, why)


def _judge(store: _Store, case: Eval) -> str:
    try:
        result = _ask(store, case)
    except PromqlError as error:
        if case.failure is None:
            return f"failed: {error}"
        return "" if case.failure.fits(str(error)) else f"failed differently: {error}"
    if case.failure is not None:
        return "should have failed"
    if why := _compare(case, result) or _compare_notes(case, result):
        return why
    return "" if result.type in ("matrix", "string") else _ask_as_range(store, case)


def _ask(store: _Store, case: Eval) -> Result:
    if case.step is None:
        return instant(store, case.query, case.start)
    return range_(store, case.query, case.start, case.end, case.step)


def _ask_as_range(store: _Store, case: Eval) -> str:
    """An instant query must give the same as the middle of a range query around it."""
    depends_on_range = re.search(r"\b(step|range|start|end)\s*\(|sort", case.query)
    if case.step is not None or case.ordered or depends_on_range:
        return ""
    result = range_(store, case.query, case.start - _MINUTE, case.start + _MINUTE, _MINUTE)
    wanted = {storage.labels_of(labels or {}): values[:1] for labels, values in case.series}
    found = {
        labels: value
        for labels, points in _points(result).items()
        if (value := points.get(case.start)) is not None
    }
    if found.keys() != wanted.keys() - {key for key, values in wanted.items() if values == [None]}:
        return f"as a range: {_show(found)}"
    bad = [key for key, value in found.items() if not _equal(value, wanted[key][0])]
    return f"as a range: {_show({key: found[key] for key in bad})}" if bad else ""


def _points(result: Result) -> dict[storage.Labels, dict[int, float | Histogram]]:
    data, starts = result.data, result.data.starts.tolist()
    samples = data.v.tolist()
    if data.h is not None:
        samples = [v if h is None else h for v, h in zip(samples, data.h, strict=True)]
    return {
        labels: dict(zip(data.t[begin:end].tolist(), samples[begin:end], strict=True))
        for labels, begin, end in zip(data.labels, starts, starts[1:], strict=False)
    }


def _compare(case: Eval, result: Result) -> str:
    if result.type == "string":
        return "" if case.text and result.text == unquote(case.text) else f"got {result.text!r}"
    scalar = [values for labels, values in case.series if labels is None]
    if result.type == "scalar" or scalar:
        alike = result.type == "scalar" and scalar and _equal(result.scalar, scalar[0][0])
        return "" if alike else f"got {result}"
    start, step = case.start, case.step or 1
    if case.matrix:
        start, _, step = case.matrix
    found = _points(result)
    wanted = {storage.labels_of(labels): values for labels, values in case.series}
    for labels, values in wanted.items():
        points = found.pop(labels, None)
        if points is None:
            return f"missing {_show({labels: values})}; there is {_show(found)}"
        if case.step is None and case.matrix is None:
            values = values[:1]
        expected = {
            start + step * at: value for at, value in enumerate(values) if value is not None
        }
        if points.keys() != expected.keys():
            return f"{dict(labels)}: got {points}, not {expected}"
        if not all(_equal(points[at], expected[at]) for at in points):
            return f"{dict(labels)}: got {points}, not {expected}"
    if found:
        return f"unexpected {_show(found)}"
    if case.ordered and list(wanted) != result.data.labels:
        return f"order {_show(dict.fromkeys(result.data.labels))}"
    return ""


def _compare_notes(case: Eval, result: Result) -> str:
    for kind, messages in (("warn", result.warnings), ("info", result.infos)):
        expected = [note for note in case.notes if note.kind == kind]
        forbidden = any(note.kind == f"no_{kind}" for note in case.notes)
        if messages and forbidden:
            return f"unexpected {kind}: {messages}"
        if not expected:
            continue
        if not all(any(note.fits(message) for message in messages) for note in expected):
            return f"no {kind} like {expected}: {messages}"
        if not all(any(note.fits(message) for note in expected) for message in messages):
            return f"too many {kind}s: {messages}"
    return ""


def _equal(found: float | Histogram, wanted: Sample) -> bool:
    if isinstance(found, Histogram) and isinstance(wanted, Histogram):
        return _equal_histograms(compact(found), compact(wanted)) and (
            found.hint == wanted.hint or not getattr(wanted, "says_hint", False)
        )
    return isinstance(found, float) and isinstance(wanted, float) and _almost(found, wanted)


def _equal_histograms(found: Histogram, wanted: Histogram) -> bool:
    return (
        found.schema == wanted.schema
        and _almost(found.count, wanted.count)
        and _almost(found.sum, wanted.sum)
        and found.zero_threshold == wanted.zero_threshold
        and _almost(found.zero_count, wanted.zero_count)
        and found.bounds.tolist() == wanted.bounds.tolist()
        and _equal_buckets(found.positive, wanted.positive)
        and _equal_buckets(found.negative, wanted.negative)
    )


def _equal_buckets(found: Buckets, wanted: Buckets) -> bool:
    return found.index.tolist() == wanted.index.tolist() and all(
        map(_almost, found.counts.tolist(), wanted.counts.tolist())
    )


def _almost(found: float, wanted: float) -> bool:
    """Within Prometheus's own tolerance (util/almost)."""
    if math.isnan(found) or math.isnan(wanted):
        return math.isnan(found) and math.isnan(wanted)
    if found == wanted:
        return True
    size, difference = abs(found) + abs(wanted), abs(found - wanted)
    if found == 0 or wanted == 0 or size < _SMALLEST_NORMAL:
        return difference < _TOLERANCE * _SMALLEST_NORMAL
    return difference / size < _TOLERANCE


def _show(series: dict[storage.Labels, object]) -> str:
    return ", ".join(f"{dict(labels)}: {value}" for labels, value in list(series.items())[:4])

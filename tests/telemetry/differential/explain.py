"""Why the two may answer differently: definitions that changed after 2.42, and rounding.

No difference is explained by its looks. For each, the query is evaluated once more by Watchbill's
own engine with old definitions put back; only if that gives what Prometheus gave is the
difference explained by the change.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import chain, combinations
from typing import Any
from unittest.mock import patch

import numpy as np
from tests.telemetry.differential.answers import Answer, Question, difference, equal
from tests.telemetry.differential.recording import Stored

from watchbill.telemetry.promql import aggregate, ast, binary, engine, evaluate, matching
from watchbill.telemetry.promql.engine import instant, range_
from watchbill.telemetry.promql.errors import EvalError, ParseError, PromqlError
from watchbill.telemetry.promql.functions import elementwise, ranges, registry, relabel
from watchbill.telemetry.promql.kernels.compiled import sweep
from watchbill.telemetry.promql.kernels.sums import reduce_windows
from watchbill.telemetry.promql.labels import Groups
from watchbill.telemetry.promql.scope import Scope, Value
from watchbill.telemetry.promql.select import RangeInput
from watchbill.telemetry.promql.storage import Labels, Values
from watchbill.telemetry.promql.vectors import Mask, Vector, finish
from watchbill.telemetry.promql.windows import Windows

NUDGES = 6
_ROUNDING_SHARE = 20


@dataclass(frozen=True)
class Change:
    """A definition that is another one since; `old` puts the old one back."""

    name: str
    note: str
    old: Callable[[], AbstractContextManager[object]]


@contextmanager
def _names_dropped_at_once() -> Iterator[None]:
    later = evaluate.evaluate

    def at_once(scope: Scope, expr: ast.Expr) -> Value:
        value = later(scope, expr)
        if isinstance(value, Vector):
            return replace(finish(value), ordered=value.ordered)
        return value

    with patch.object(evaluate, "evaluate", at_once), patch.object(engine, "evaluate", at_once):
        yield


@contextmanager
def _atan2_keeps_the_name() -> Iterator[None]:
    with_scalar = binary._with_scalar

    def keeps_name(op: str) -> bool:
        return op in ast.COMPARISONS or op == "atan2"

    def named(*given: Any, **more: Any) -> Vector:
        result = with_scalar(*given, **more)
        (expr,) = (one for one in given if isinstance(one, ast.Binary))
        (vector,) = (one for one in given if isinstance(one, Vector))
        return replace(result, drop_name=vector.drop_name) if expr.op == "atan2" else result

    with (
        patch.object(matching, "keeps_name", keeps_name),
        patch.object(binary, "_with_scalar", named),
    ):
        yield


@contextmanager
def _clamped_to_zero_before_the_threshold() -> Iterator[None]:
    assert not sweep.compiled, "machine code would go past the kernels that are put back here"
    functions = {
        name: replace(ranges.RANGE_FUNCTIONS[name], kernel=_rate_of_2_42(per_second))
        for name, per_second in (("rate", True), ("increase", False))
    }
    with patch.dict(ranges.RANGE_FUNCTIONS, functions):
        yield


def _rate_of_2_42(per_second: bool) -> Callable[[Windows], Values]:
    """The distance to zero is taken first, and the threshold applies to what is left of it."""

    def rate(w: Windows) -> Values:
        first, change = w.v[w.first], w.v[w.last] - w.v[w.first]
        lost = np.zeros(len(w.v))
        lost[1:] = np.where(w.v[1:] < w.v[:-1], w.v[:-1], 0)
        inner = w.narrowed(np.minimum(w.lo + 1, w.hi), w.hi)
        change = change + np.where(inner.counts > 0, reduce_windows(np.add, lost, inner), 0)
        sampled = (w.t[w.last] - w.t[w.first]) / 1000
        distance = sampled / np.maximum(w.counts - 1, 1)
        to_start = (w.t[w.first] - (w.ends - w.range_ms)[None, :]) / 1000
        to_end = (w.ends[None, :] - w.t[w.last]) / 1000
        to_zero = sampled * (first / np.where(change == 0, 1, change))
        rising = (change > 0) & (first >= 0)
        to_start = np.where(rising, np.minimum(to_start, to_zero), to_start)
        covered = sampled
        for gap in (to_start, to_end):
            covered = covered + np.where(gap < distance * 1.1, gap, distance / 2)
        out = change * (covered / np.where(sampled == 0, 1, sampled))
        return out / (w.range_ms / 1000) if per_second else out

    return rate


@contextmanager
def _at_slides_in_predict_linear() -> Iterator[None]:
    arguments = ranges._arguments

    def sliding(scope: Scope, call: ast.Call) -> tuple[RangeInput, list[Values]]:
        given, parameters = arguments(scope, call)
        if call.function == "predict_linear" and given.pinned:
            ends = given.ends[0] + scope.times - scope.times[0]
            given = replace(given, ends=ends, pinned=False)
        return given, parameters

    with patch.object(ranges, "_arguments", sliding):
        yield


@contextmanager
def _labels_in_ascii() -> Iterator[None]:
    def is_plain(name: str) -> bool:
        return re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name) is not None

    with patch.object(aggregate, "is_utf8", is_plain), patch.object(relabel, "is_utf8", is_plain):
        yield


@contextmanager
def _only_kept_matches_must_be_unique() -> Iterator[None]:
    combine = matching._combine

    def kept(match: object, many: Vector, one: Vector) -> tuple[Vector, Mask]:
        vector, _ = combine(match, many, one)
        return vector, vector.present

    def unchecked(match: object) -> None:
        """The check comes after the operation: what it left is looked at by `_join`."""

    with (
        patch.object(matching, "_combine", kept),
        patch.object(matching, "_check_many_side", unchecked),
    ):
        yield


@contextmanager
def _deviation_in_one_pass() -> Iterator[None]:
    now = aggregate._values

    def welford(op: str, vector: Vector, groups: Groups, q: Values) -> Values:
        if op not in ("stddev", "stdvar"):
            return now(op, vector, groups, q)
        x, cell, sizes = aggregate._loose(vector, groups)
        out = np.zeros(len(sizes))
        for number in np.flatnonzero(sizes).tolist():
            first, *others = x[cell == number].tolist()
            mean, squares = first, 0.0
            for count, value in enumerate(others, 2):
                away = value - mean
                mean += away / count
                squares += away * (value - mean)
            out[number] = squares / sizes[number]
        out = out.reshape(len(groups), vector.steps)
        return np.sqrt(out) if op == "stddev" else out

    with patch.object(aggregate, "_values", welford):
        yield


@contextmanager
def _dates_of_what_is_no_time() -> Iterator[None]:
    """What Go makes of the lowest 64-bit integer, which is what amd64 makes of NaN and Inf."""
    dates = {
        "hour": 15, "minute": 30, "day_of_week": 0, "day_of_month": 4, "day_of_year": 339,
        "days_in_month": 31, "month": 12, "year": 292277026596,
    }  # fmt: skip
    now = elementwise.apply_calendar

    def calendar(scope: Scope, call: ast.Call) -> Vector:
        vector = now(scope, call)
        return replace(
            vector, values=np.where(np.isnan(vector.values), dates[call.function], vector.values)
        )

    with patch.dict(registry.FUNCTIONS, dict.fromkeys(dates, calendar)):
        yield


CHANGES = (
    Change(
        "the metric's name is dropped when the query ends, not by each operation",
        "2.55 (#14477), `promql-delayed-name-removal`",
        _names_dropped_at_once,
    ),
    Change("atan2 drops the metric's name", "2.47 (#12595)", _atan2_keeps_the_name),
    Change(
        "rate and increase: threshold first, then not below zero",
        "3.x, `extrapolatedRate`",
        _clamped_to_zero_before_the_threshold,
    ),
    Change(
        "predict_linear over a range pinned by @: the range stays where it is",
        "2.50 (#13559)",
        _at_slides_in_predict_linear,
    ),
    Change(
        "several matches for one series are an error even if a comparison leaves only one",
        "3.9 (#17668)",
        _only_kept_matches_must_be_unique,
    ),
    Change(
        "stddev and stdvar of what is not finite are NaN",
        "3.0 (#14941)",
        _deviation_in_one_pass,
    ),
    Change(
        "the date of NaN and Inf is NaN",
        "left to the machine by Go: https://go.dev/ref/spec#Conversions",
        _dates_of_what_is_no_time,
    ),
    Change("label names may hold any character", "3.0 (#14705), 3.3 (#15974)", _labels_in_ascii),
)
TIES = "topk and bottomk: which of several equal values stays is not defined"
ROUNDING = "rounding: a last bit of the samples changes the answer as much"


def explain(question: Question, ours: Answer, theirs: Answer, stored: Stored) -> str:
    """Why the answers differ, as the names of changes; empty when nothing here tells."""
    picked = "topk" in question.text or "bottomk" in question.text
    here = evaluate_here(question, stored)
    if difference(ours, here) and not (picked and _same_but_for_ties(ours, here)):
        return ""
    for changes in _subsets():
        with _put_back(changes):
            old = evaluate_here(question, stored)
            names = [change.name for change in changes]
            if not difference(old, theirs):
                return " + ".join(names) or TIES  # only ties let `ours` differ from `here`
            if picked and _same_but_for_ties(old, theirs):
                return " + ".join([*names, TIES])
            if _within_rounding(question, old, theirs, stored):
                return " + ".join([*names, ROUNDING])
    return ""


def _subsets() -> Iterator[tuple[Change, ...]]:
    yield from chain.from_iterable(combinations(CHANGES, size) for size in range(len(CHANGES) + 1))


@contextmanager
def _put_back(changes: tuple[Change, ...]) -> Iterator[None]:
    with ExitStack() as stack:
        for change in changes:
            stack.enter_context(change.old())
        yield


def evaluate_here(question: Question, stored: Stored) -> Answer:
    """The answer of the engine in this process."""
    try:
        if question.step_ms:
            result = range_(
                stored, question.text, question.start_ms, question.end_ms, question.step_ms
            )
        else:
            result = instant(stored, question.text, question.start_ms)
    except ParseError as error:
        return Answer("error bad_data", text=str(error))
    except (EvalError, PromqlError) as error:
        return Answer("error execution", text=str(error))
    if result.type == "string":
        return Answer("string", text=result.text)
    points = {
        (labels, t): v
        for labels, times, values in result.data.series()
        for t, v in zip(times.tolist(), values.tolist(), strict=True)
    }
    return Answer(result.type, points, tuple(result.data.labels))


def _same_but_for_ties(a: Answer, b: Answer) -> bool:
    """The same values at every step, under whatever labels."""
    if a.kind != b.kind or a.failed:
        return False

    def values(answer: Answer) -> Counter[tuple[int, str]]:
        return Counter((t, f"{value:.9g}") for (_, t), value in answer.points.items())

    return values(a) == values(b)


def _within_rounding(question: Question, ours: Answer, theirs: Answer, stored: Stored) -> bool:
    """Whether every difference is small beside what nudging the samples by a last bit does."""
    if ours.kind != theirs.kind or ours.failed:
        return False
    chance = np.random.default_rng(1)
    seen: dict[tuple[Labels, int], list[float | None]] = {}
    keys = {
        key
        for key in ours.points.keys() | theirs.points.keys()
        if key not in ours.points
        or key not in theirs.points
        or not equal(ours.points[key], theirs.points[key])
    }
    for _ in range(NUDGES):
        nudged = evaluate_here(question, stored.nudged(chance))
        for key in keys:
            seen.setdefault(key, []).append(nudged.points.get(key))
    return all(_reaches(ours.points.get(key), theirs.points.get(key), seen[key]) for key in keys)


def _reaches(ours: float | None, theirs: float | None, seen: list[float | None]) -> bool:
    if theirs is None:
        return None in seen
    if ours is None or not (math.isfinite(ours) and math.isfinite(theirs)):
        return any(one is not None and equal(one, theirs) for one in seen)
    found = [one for one in (*seen, ours) if one is not None and math.isfinite(one)]
    return abs(ours - theirs) <= _ROUNDING_SHARE * (max(found) - min(found))

"""Functions of range vectors: finding the windows, calling the kernel, naming the result."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from watchbill.telemetry.promql import ast
from watchbill.telemetry.promql.aggregate import warn_about_quantiles
from watchbill.telemetry.promql.check import type_of
from watchbill.telemetry.promql.errors import EvalError
from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.kernels import counters, extended, over_time, sums, trends
from watchbill.telemetry.promql.kernels.compiled import OPERATIONS, can_sweep, sweep
from watchbill.telemetry.promql.kernels.starts import STARTING, any_overlap, started
from watchbill.telemetry.promql.native.notes import inform_ignored
from watchbill.telemetry.promql.scope import Scope
from watchbill.telemetry.promql.select import RangeInput, select_range
from watchbill.telemetry.promql.storage import (
    METRIC_NAME,
    METRIC_TYPE,
    Histograms,
    Values,
    are_histograms,
)
from watchbill.telemetry.promql.vectors import Mask, Vector
from watchbill.telemetry.promql.windows import find_last, find_windows

from .extended_histograms import EXTENDED_FUNCTIONS
from .presence import absent_vector
from .range_histograms import HISTOGRAM_FUNCTIONS, windows_with_histograms

_COUNTER_SUFFIXES = ("_total", "_sum", "_count", "_bucket")
_COUNTER_TYPES = ("counter", "histogram")


@dataclass(frozen=True)
class RangeFunction:
    """A kernel, how many samples it needs, and whether the result is still the same metric."""

    kernel: Callable[..., Values]
    needs: int = 1
    keeps_name: bool = False


RANGE_FUNCTIONS = {
    "rate": RangeFunction(counters.rate, needs=2),
    "increase": RangeFunction(counters.increase, needs=2),
    "delta": RangeFunction(counters.delta, needs=2),
    "irate": RangeFunction(counters.irate, needs=2),
    "idelta": RangeFunction(counters.idelta, needs=2),
    "changes": RangeFunction(counters.changes),
    "resets": RangeFunction(counters.resets),
    "sum_over_time": RangeFunction(sums.sum_over_time),
    "avg_over_time": RangeFunction(sums.avg_over_time),
    "count_over_time": RangeFunction(over_time.count),
    "present_over_time": RangeFunction(over_time.present),
    "min_over_time": RangeFunction(over_time.minimum),
    "max_over_time": RangeFunction(over_time.maximum),
    "last_over_time": RangeFunction(over_time.last, keeps_name=True),
    "first_over_time": RangeFunction(over_time.first, keeps_name=True),
    "stddev_over_time": RangeFunction(over_time.deviation),
    "stdvar_over_time": RangeFunction(over_time.variance),
    "mad_over_time": RangeFunction(over_time.median_absolute_deviation),
    "quantile_over_time": RangeFunction(over_time.quantile),
    "ts_of_first_over_time": RangeFunction(over_time.time_of_first),
    "ts_of_last_over_time": RangeFunction(over_time.time_of_last),
    "ts_of_min_over_time": RangeFunction(over_time.time_of_minimum),
    "ts_of_max_over_time": RangeFunction(over_time.time_of_maximum),
    "deriv": RangeFunction(trends.derivative, needs=2),
    "predict_linear": RangeFunction(trends.predict_linear, needs=2),
    "double_exponential_smoothing": RangeFunction(trends.double_exponential_smoothing, needs=2),
    "holt_winters": RangeFunction(trends.double_exponential_smoothing, needs=2),
}


_ANY_SAMPLE = frozenset(
    (
        "count_over_time", "present_over_time", "last_over_time", "first_over_time",
        "ts_of_first_over_time", "ts_of_last_over_time",
    )
)  # fmt: skip
"""Functions to which a sample is a sample, number or histogram."""


def apply_range_function(scope: Scope, call: ast.Call) -> Vector:
    """A function that makes one value of each window."""
    function = RANGE_FUNCTIONS[call.function]
    given, parameters = _arguments(scope, call)
    samples = given.samples
    if not len(samples):
        return scope.empty()
    if given.pinned and parameters:
        # One window for all steps, but parameters that may differ from step to step.
        given = replace(given, ends=np.repeat(given.ends, len(scope.times)), pinned=False)
    scope.query.hold(samples.labels.size * len(given.ends))
    with np.errstate(all="ignore"):
        found = _of_samples(scope, call.function, given, parameters)
    _tell_about_counters(scope, call.function, given, found)
    if call.function == "quantile_over_time":
        q = parameters[0][found.present.any(axis=0)]
        warn_about_quantiles(scope, q, call.args[0])
    if given.pinned:
        found = found.repeated(len(scope.times))
    drop_name = samples.drop_name | (not function.keeps_name)
    return Vector(samples.labels, found.values, found.present, drop_name, h=found.h)


@dataclass(frozen=True)
class _Found:
    """What a function made of every window, (n, T); `h` as in `Vector`."""

    values: Values
    present: Mask
    h: Histograms | None = None

    def repeated(self, steps: int) -> "_Found":
        """The single step at every step."""
        return _Found(
            np.repeat(self.values, steps, axis=1),
            np.repeat(self.present, steps, axis=1),
            None if self.h is None else np.repeat(self.h, steps, axis=1),
        )


def _of_samples(scope: Scope, function: str, given: RangeInput, parameters: list[Values]) -> _Found:
    columns = given.samples.columns
    if columns.h is None or function in _ANY_SAMPLE:
        found = _of_numbers(scope, function, given, parameters)
        if columns.h is None or function not in ("last_over_time", "first_over_time"):
            return found
        return replace(found, h=_picked(function, given))
    numbers = replace(
        given, samples=replace(given.samples, columns=columns.only(~are_histograms(columns.h)))
    )
    found = _of_numbers(scope, function, numbers, parameters)
    functions = EXTENDED_FUNCTIONS if given.extension else HISTOGRAM_FUNCTIONS
    if function not in functions:
        for row, step, window in windows_with_histograms(scope, given):
            if found.present[row, step]:
                inform_ignored(scope, window.metric, window.span)
        return found
    h = np.full(found.values.shape, None, np.object_)
    for row, step, window in windows_with_histograms(scope, given):
        sample = functions[function](window)
        found.present[row, step] = sample is not None
        if isinstance(sample, Histogram):
            h[row, step] = sample
        elif sample is not None:
            found.values[row, step] = sample
    return replace(found, h=h)


def _of_numbers(scope: Scope, function: str, given: RangeInput, parameters: list[Values]) -> _Found:
    if given.extension:
        return _Found(*_extended(scope, function, given))
    if can_sweep(function, given.samples.columns):
        return _Found(*_sweep(scope, function, given))
    if given.samples.columns.st is not None and function in STARTING:
        return _Found(*_started(scope, function, given))
    return _Found(*_run(scope, RANGE_FUNCTIONS[function], given, parameters))


def _picked(function: str, given: RangeInput) -> Histograms:
    """The histograms that are the first or last sample of their window."""
    h = np.full((given.samples.labels.size, len(given.ends)), None, np.object_)
    for rows, windows in given.windows():
        if windows.h is not None and len(windows.t):
            at = windows.last if function == "last_over_time" else windows.first
            h[rows] = windows.h[at]
            h[rows][windows.counts == 0] = None
    return h


def _started(scope: Scope, function: str, given: RangeInput) -> tuple[Values, Mask]:
    """For counters whose samples say since when they count."""
    shape = (given.samples.labels.size, len(given.ends))
    values, present = np.zeros(shape), np.zeros(shape, np.bool_)
    for rows, windows in given.windows():
        scope.query.check()
        if len(windows.t):
            values[rows], present[rows] = started(function, windows)
    return values, present


def apply_absent_over_time(scope: Scope, call: ast.Call) -> Vector:
    """1 at every step whose window holds no sample of any series."""
    given = select_range(scope, call.args[0])
    _refuse_extension("absent_over_time", given)
    found = np.zeros(len(scope.times), np.bool_)
    if len(given.samples):
        for _, windows in given.windows():
            found |= (windows.counts > 0).any(axis=0)
    return absent_vector(scope, call.args[0], found)


def _arguments(scope: Scope, call: ast.Call) -> tuple[RangeInput, list[Values]]:
    """The range, and the scalars in order (for predict_linear also the time of each step)."""
    given: RangeInput | None = None
    parameters = []
    for arg in call.args:
        if type_of(arg) == "matrix":
            given = select_range(scope, arg)
            continue
        parameters.append(scope.scalar(arg))
    assert given is not None
    _refuse_extension(call.function, given)
    if call.function == "predict_linear":
        parameters.append(scope.times.astype(np.float64))
    return given, parameters


def _refuse_extension(function: str, given: RangeInput) -> None:
    allowed = {"anchored": extended.ANCHORED, "smoothed": extended.SMOOTHED}
    name = given.extension
    if name is not None and function not in allowed[name]:
        raise EvalError(
            f"{name} modifier can only be used with: {', '.join(allowed[name])} -"
            f" not with {function}"
        )


def _run(
    scope: Scope, function: RangeFunction, given: RangeInput, parameters: list[Values]
) -> tuple[Values, Mask]:
    shape = (given.samples.labels.size, len(given.ends))
    values, present = np.zeros(shape), np.zeros(shape, np.bool_)
    for rows, windows in given.windows():
        scope.query.check()
        if len(windows.t):
            values[rows] = function.kernel(windows, *parameters)
            present[rows] = windows.counts >= function.needs
    return values, present


def _sweep(scope: Scope, function: str, given: RangeInput) -> tuple[Values, Mask]:
    """The same by machine code."""
    columns, ends = given.samples.columns, given.ends
    shape = (len(columns), len(ends))
    values, present = np.empty(shape), np.empty(shape, np.bool_)
    for rows in columns.row_runs(len(ends)):
        scope.query.check()
        sweep(columns.starts, columns.t, columns.v, ends, given.range_ms, OPERATIONS[function],
              rows.start, rows.stop, values, present.view(np.uint8))  # fmt: skip
    return values, present


def _extended(scope: Scope, function: str, given: RangeInput) -> tuple[Values, Mask]:
    """With samples from before the window and, for `smoothed`, from behind it."""
    smoothed = given.extension == "smoothed"
    lookback, ends = scope.query.lookback_ms, given.ends
    shape = (given.samples.labels.size, len(ends))
    values, present = np.zeros(shape), np.zeros(shape, np.bool_)
    for rows, run in given.samples.columns.runs(len(ends)):
        scope.query.check()
        if not len(run.t):
            continue
        windows = find_windows(run, ends, given.range_ms).narrowed(
            find_last(run, ends - given.range_ms - lookback),
            find_last(run, ends + (lookback if smoothed else 0)),
        )
        values[rows], present[rows] = extended.extended(function, windows, smoothed=smoothed)
    return values, present


def _tell_about_counters(scope: Scope, function: str, given: RangeInput, found: _Found) -> None:
    """What a rate has to say of the series of which it makes numbers."""
    if function not in ("rate", "increase"):
        return
    if given.samples.columns.st is not None:
        _tell_about_overlaps(scope, given)
    numbers = found.present if found.h is None else found.present & ~are_histograms(found.h)
    some: Mask = np.any(numbers, axis=1)
    labels = given.samples.labels.take(some).keep((METRIC_NAME, METRIC_TYPE))
    labels = labels.take(labels.groups().first)
    for name, kind in zip(labels.texts(METRIC_NAME), labels.texts(METRIC_TYPE), strict=True):
        if not name or kind in _COUNTER_TYPES or (not kind and name.endswith(_COUNTER_SUFFIXES)):
            continue
        why = "name does not end in _total/_sum/_count/_bucket"
        if kind:
            why = f'__type__ label is not set to "counter" or "histogram", got "{kind}"'
        scope.query.inform(f'metric might not be a counter, {why}: "{name}"', given.span)


def _tell_about_overlaps(scope: Scope, given: RangeInput) -> None:
    names = given.samples.labels.texts(METRIC_NAME)
    for rows, windows in given.windows():
        if not len(windows.t):
            continue
        for row in np.flatnonzero(any_overlap(windows).any(axis=1)).tolist():
            scope.query.warn(
                "sample has start time that overlaps with previous sample timestamp for metric"
                f' "{names[rows.start + row]}"',
                given.span,
            )

"""Functions of range vectors: finding the windows, calling the kernel, naming the result."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from watchbill.telemetry.promql import ast
from watchbill.telemetry.promql.aggregate import warn_about_quantiles
from watchbill.telemetry.promql.check import type_of
from watchbill.telemetry.promql.errors import EvalError
from watchbill.telemetry.promql.kernels import counters, extended, over_time, sums, trends
from watchbill.telemetry.promql.kernels.compiled import OPERATIONS, can_sweep, sweep
from watchbill.telemetry.promql.scope import Scope
from watchbill.telemetry.promql.select import RangeInput, select_range
from watchbill.telemetry.promql.storage import METRIC_NAME, Values
from watchbill.telemetry.promql.vectors import Mask, Vector
from watchbill.telemetry.promql.windows import find_last, find_windows

from .presence import absent_vector

_COUNTER_SUFFIXES = ("_total", "_sum", "_count", "_bucket")


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


def apply_range_function(scope: Scope, call: ast.Call) -> Vector:
    """A function that makes one value of each window."""
    function = RANGE_FUNCTIONS[call.function]
    given, parameters = _arguments(scope, call)
    _tell_about_counters(scope, call.function, given)
    samples = given.samples
    if not len(samples):
        return scope.empty()
    if given.pinned and parameters:
        # One window for all steps, but parameters that may differ from step to step.
        given = replace(given, ends=np.repeat(given.ends, len(scope.times)), pinned=False)
    scope.query.hold(samples.labels.size * len(given.ends))
    with np.errstate(all="ignore"):
        if given.extension:
            values, present = _extended(scope, call.function, given)
        else:
            values, present = (
                _sweep(scope, call.function, given)
                if can_sweep(call.function, samples.columns)
                else _run(scope, function, given, parameters)
            )
    if given.pinned:
        values = np.repeat(values, len(scope.times), axis=1)
        present = np.repeat(present, len(scope.times), axis=1)
    drop_name = samples.drop_name | (not function.keeps_name)
    return Vector(samples.labels, values, present, drop_name)


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
        if call.function == "quantile_over_time":
            warn_about_quantiles(scope, parameters[-1], arg)
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


def _tell_about_counters(scope: Scope, function: str, given: RangeInput) -> None:
    if function not in ("rate", "increase", "irate"):
        return
    for name in given.samples.labels.distinct(METRIC_NAME):
        if name and not name.endswith(_COUNTER_SUFFIXES):
            scope.query.inform(
                "metric might not be a counter, name does not end in"
                f' _total/_sum/_count/_bucket: "{name}"',
                given.span,
            )

"""Functions of single values: arithmetic, clamping, rounding, the calendar, and constants."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.promql import ast
from watchbill.telemetry.promql.scope import Scalar, Scope
from watchbill.telemetry.promql.storage import Values
from watchbill.telemetry.promql.vectors import Vector

Seconds = NDArray[np.datetime64]


def _sign(values: Values) -> Values:
    return np.where(values == 0, values, np.sign(values))  # keeps -0


MATH: dict[str, Callable[[Values], Values]] = {
    "abs": np.abs, "ceil": np.ceil, "floor": np.floor, "exp": np.exp, "ln": np.log,
    "log2": np.log2, "log10": np.log10, "sqrt": np.sqrt, "sgn": _sign,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos,
    "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh,
    "acosh": np.arccosh, "atanh": np.arctanh, "rad": np.deg2rad, "deg": np.rad2deg,
}  # fmt: skip


def apply_math(scope: Scope, call: ast.Call) -> Vector:
    """A function of one number."""
    return scope.vector(call.args[0]).map(MATH[call.function])


# --- The calendar, in UTC


def _days(t: Seconds) -> Seconds:
    return t.astype("datetime64[D]")


def _since(t: Seconds, unit: str) -> NDArray[np.int64]:
    """Days since the beginning of the month or year."""
    begin = t.astype(f"datetime64[{unit}]")
    days: NDArray[np.int64] = (_days(t) - _days(begin)).astype(np.int64)
    return days


def _days_in_month(t: Seconds) -> NDArray[np.int64]:
    month = t.astype("datetime64[M]")
    days: NDArray[np.int64] = (_days(month + 1) - _days(month)).astype(np.int64)
    return days


CALENDAR: dict[str, Callable[[Seconds], NDArray[np.int64]]] = {
    "minute": lambda t: t.astype(np.int64) // 60 % 60,
    "hour": lambda t: t.astype(np.int64) // 3600 % 24,
    "day_of_week": lambda t: (t.astype(np.int64) // 86400 + 4) % 7,
    "day_of_month": lambda t: _since(t, "M") + 1,
    "day_of_year": lambda t: _since(t, "Y") + 1,
    "days_in_month": _days_in_month,
    "month": lambda t: t.astype("datetime64[M]").astype(np.int64) % 12 + 1,
    "year": lambda t: t.astype("datetime64[Y]").astype(np.int64) + 1970,
}


_LATEST = 2.0**55
"""Seconds beyond this have no date in NumPy's calendar."""


def apply_calendar(scope: Scope, call: ast.Call) -> Vector:
    """A part of the date that each value is as Unix seconds; without argument, of each step."""
    part = CALENDAR[call.function]

    def convert(seconds: Values) -> Values:
        known = np.abs(seconds) < _LATEST
        dates = np.where(known, seconds, 0).astype(np.int64).astype("datetime64[s]")
        return np.where(known, part(dates).astype(np.float64), np.nan)

    if call.args:
        return scope.vector(call.args[0]).map(convert)
    return Vector.unlabelled(scope.query.symbols, convert(scope.times / 1000))


# --- Rounding and clamping


def apply_round(scope: Scope, call: ast.Call) -> Vector:
    """To the nearest multiple, halves up."""
    vector = scope.vector(call.args[0])
    inverse = np.ones(len(scope.times))
    if len(call.args) > 1:
        with np.errstate(all="ignore"):
            inverse = 1 / scope.scalar(call.args[1])
    return vector.map(lambda values: np.floor(values * inverse + 0.5) / inverse)


def _larger(left: Values, right: Values) -> Values:
    """Go's `math.Max`: NaN if one is, but nothing is larger than infinity."""
    infinite = np.isposinf(left) | np.isposinf(right)
    return np.where(infinite, np.inf, np.maximum(left, right))


def _smaller(left: Values, right: Values) -> Values:
    return -_larger(-left, -right)


def apply_clamp(scope: Scope, call: ast.Call) -> Vector:
    """`clamp`, `clamp_min`, `clamp_max`; a NaN limit makes NaN."""
    vector = scope.vector(call.args[0])
    limits = [scope.scalar(arg) for arg in call.args[1:]]
    lowest = np.full(len(scope.times), -np.inf) if call.function == "clamp_max" else limits[0]
    highest = np.full(len(scope.times), np.inf) if call.function == "clamp_min" else limits[-1]
    clamped = vector.map(lambda values: _larger(lowest, _smaller(highest, values)))
    return clamped.where(~(lowest > highest)[None, :])


# --- Scalars


def apply_constant(scope: Scope, call: ast.Call) -> Scalar:
    """`time`, `pi`, and the query's own `start`, `end`, `step` and `range` in seconds."""
    times = scope.query.times
    value = {
        "pi": math.pi,
        "start": times.start / 1000,
        "end": times.end / 1000,
        "step": times.step / 1000,
        "range": (times.end - times.start) / 1000,
    }
    if call.function == "time":
        return scope.times / 1000
    return np.full(len(scope.times), value[call.function])


def apply_choice(scope: Scope, call: ast.Call) -> Scalar:
    """The smaller or larger of two scalars."""
    left, right = scope.scalar(call.args[0]), scope.scalar(call.args[1])
    return _smaller(left, right) if call.function == "min_of" else _larger(left, right)

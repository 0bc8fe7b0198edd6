"""Durations: `1h30m` to milliseconds and back, and duration expressions to milliseconds."""

import math
import re
from dataclasses import dataclass

from . import ast
from .errors import EvalError
from .numbers import quote

_UNITS = {
    "y": 365 * 86_400_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000,
    "s": 1000, "ms": 1,
}  # fmt: skip
PATTERN = "".join(rf"(?:\d+{unit}(?!s))?" if unit == "m" else rf"(?:\d+{unit})?" for unit in _UNITS)
_DURATION = re.compile(PATTERN)
_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_EXACT_ONLY = ("y", "w")
_LONGEST_MS = (2**63 - 1) // 1_000_000  # Go's time.Duration


def parse_duration(text: str) -> int:
    """`1h30m` in milliseconds: every unit at most once, largest first. Raises `ValueError`."""
    if not text or not _DURATION.fullmatch(text):
        raise ValueError(f"not a valid duration string: {quote(text)}")
    total = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if total > _LONGEST_MS:
        raise ValueError("duration out of range")
    return total


def format_duration(ms: int) -> str:
    """Milliseconds as Prometheus prints them: 90 minutes are `1h30m`, but 8 days stay `8d`."""
    if ms == 0:
        return "0s"
    rest, out = abs(ms), []
    for unit, size in _UNITS.items():
        if unit in _EXACT_ONLY and rest % size:
            continue
        count, rest = divmod(rest, size)
        if count:
            out.append(f"{count}{unit}")
    return ("-" if ms < 0 else "") + "".join(out)


@dataclass(frozen=True)
class QueryTimes:
    """The query's own start, end and step in milliseconds, for `range()`, `step()` and `@`."""

    start: int
    end: int
    step: int


def at_ms(at: ast.At, times: QueryTimes) -> int:
    """When `@` pins a selector: at a time in milliseconds, or an end of the query."""
    match at:
        case "start":
            return times.start
        case "end":
            return times.end
        case ms:
            return ms


def to_ms(expr: ast.DurationExpr, times: QueryTimes) -> int:
    """The value of a duration expression in milliseconds; what is less than one is cut off."""
    seconds = _seconds(expr, times)
    if not math.isfinite(seconds) or abs(seconds) > _LONGEST_MS / 1000:
        raise EvalError("duration is out of range")
    if isinstance(expr, ast.DurationLiteral):  # by way of nanoseconds, where 1.001 is exact
        return int(round(seconds * 1e9) / 1e6)
    return int(seconds * 1000)


def _seconds(expr: ast.DurationExpr, times: QueryTimes) -> float:
    match expr:
        case ast.DurationLiteral(seconds):
            return seconds
        case ast.DurationParen(inner):
            return _seconds(inner, times)
        case ast.DurationUnary(op, inner):
            return -_seconds(inner, times) if op == "-" else _seconds(inner, times)
        case ast.DurationCall("step"):
            return times.step / 1000
        case ast.DurationCall("range"):
            return (times.end - times.start) / 1000
        case ast.DurationCall(function, args):
            choose = min if function.startswith("min") else max
            return choose(_seconds(arg, times) for arg in args)
        case ast.DurationBinary(op, left, right):
            return _arithmetic(op, _seconds(left, times), _seconds(right, times))


def _arithmetic(op: str, left: float, right: float) -> float:
    try:
        match op:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "^":
                return math.pow(left, right)
        if right == 0:
            raise EvalError("division by zero" if op == "/" else "modulo by zero")
        return left / right if op == "/" else math.fmod(left, right)
    except (OverflowError, ValueError):
        return math.nan

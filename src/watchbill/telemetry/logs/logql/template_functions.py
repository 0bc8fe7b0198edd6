"""The functions of templates. Arguments come in Go's order: what is piped in is the last one.

Source: https://grafana.com/docs/loki/latest/query/template_functions/
"""

import base64
import math
import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote_plus, unquote_plus

import re2

from watchbill.telemetry.logs.logql.line_filter import compile_line_pattern
from watchbill.telemetry.logs.logql.units import parse_duration, parse_size
from watchbill.telemetry.promql.numbers import format_value

Value = str | int | float | bool

_MOST = 32
_LONGEST = 100_000
_VERB = re.compile(r"%([-+ 0#]*\d*(?:\.\d+)?)([sdvqfgtxX%])")
_TO_BACKREFERENCE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class TemplateError(ValueError):
    """A template that cannot be read, or cannot be filled for a line."""


class Function(NamedTuple):
    """What it does, and how many arguments it takes."""

    work: Callable[..., Value]
    least: int
    most: int


def shown(value: Value) -> str:
    """A value as it is printed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_value(value) if isinstance(value, float) else str(value)


def truth(value: Value) -> bool:
    """What `if` takes for true: anything but false, 0 and the empty text."""
    return bool(value)


def _text(value: Value) -> str:
    return shown(value)


def _float(value: Value) -> float:
    return float(value)


def _int(value: Value) -> int:
    if isinstance(value, str):
        return int(float(value)) if value.strip() else 0
    return int(value)


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> "re2._Regexp":
    return compile_line_pattern(pattern)


def _replace_all(pattern: Value, text: Value, replacement: Value) -> str:
    """Go's `$1` and `${name}` in the replacement."""
    given = _text(replacement).replace("\\", "\\\\")
    given = _TO_BACKREFERENCE.sub(lambda m: rf"\g<{m.group(1) or m.group(2)}>", given)
    return _substituted(_text(pattern), _text(text), lambda match: str(match.expand(given)))


def _replace_literally(pattern: Value, text: Value, replacement: Value) -> str:
    given = _text(replacement)
    return _substituted(_text(pattern), _text(text), lambda _: given)


def _substituted(pattern: str, text: str, made: Callable[[Any], str]) -> str:
    out, at, size = [], 0, 0
    for match in _pattern(pattern).finditer(text):
        out += [text[at : match.start()], made(match)]
        at = match.end()
        size += len(out[-1])
        _bounded(" ", size)
    return "".join([*out, text[at:]])


def _replace(text: Value, old: Value, new: Value, count: Value = -1) -> str:
    whole, part, other = _text(text), _text(old), _text(new)
    _bounded(other or " ", whole.count(part))
    return whole.replace(part, other, max(_int(count), -1))


def _bounded(text: str, times: int = 1) -> str:
    if len(text) * max(times, 0) > _LONGEST:
        raise ValueError(f"the text would be longer than {_LONGEST} characters")
    return text * max(times, 0)


def _trunc(count: Value, text: Value) -> str:
    size = _int(count)
    return _text(text)[size:] if size < 0 else _text(text)[:size]


def _substr(start: Value, end: Value, text: Value) -> str:
    first, last, whole = max(_int(start), 0), _int(end), _text(text)
    return whole[first:] if last < 0 or last > len(whole) else whole[first:last]


def _align(count: Value, text: Value, *, left: bool) -> str:
    size, given = _int(count), _text(text)
    _bounded(" ", size)
    if size < 0:
        return given
    return given[:size].ljust(size) if left else given[-size:].rjust(size) if size else ""


def _indent(count: Value, text: Value) -> str:
    pad = _bounded(" ", _int(count))
    return pad + _text(text).replace("\n", "\n" + pad)


def _round(value: Value, digits: Value = 0) -> float:
    scale = 10.0 ** min(max(_int(digits), 0), 15)
    return math.floor(_float(value) * scale + 0.5) / scale


def _equal(first: Value, *others: Value) -> bool:
    return any(first == other for other in others)


def _compare(name: str) -> Callable[[Value, Value], bool]:
    def compare(left: Value, right: Value) -> bool:
        if isinstance(left, str) != isinstance(right, str):
            raise ValueError("incompatible types for comparison")
        both: tuple[Any, Any] = (left, right)
        less, same = both[0] < both[1], both[0] == both[1]
        return bool(
            {"lt": less, "le": less or same, "gt": not (less or same), "ge": not less}[name]
        )

    return compare


def _divide(left: Value, right: Value) -> int:
    """Integer division towards zero, as Go's."""
    quotient: int = abs(_int(left)) // abs(_int(right))
    return quotient if (_int(left) < 0) == (_int(right) < 0) else -quotient


def _printf(given: Value, *args: Value) -> str:
    left = list(args)

    def verb(match: "re.Match[str]") -> str:
        flags, letter = match.groups()
        if letter == "%":
            return "%"
        if not left:
            return f"%!{letter}(MISSING)"
        size = re.match(r"[-+ 0#]*(\d*)", flags)
        _bounded(" ", int(size.group(1) or 0) if size else 0)
        value = left.pop(0)
        if letter in "dxX":
            return f"%{flags}{letter}" % _int(value)
        if letter in "fg":
            return f"%{flags}{letter}" % _float(value)
        return f"%{flags}s" % (f'"{_text(value)}"' if letter == "q" else _text(value))

    return _VERB.sub(verb, _text(given))


def _decode(text: Value) -> str:
    return base64.b64decode(_text(text), validate=True).decode("utf-8", "replace")


def _fold(name: str) -> Callable[..., Value]:
    """Functions over two or more numbers, whole (`add`) or not (`addf`)."""
    read: Callable[[Value], Any] = _float if name.endswith("f") else _int
    joined: dict[str, Callable[[Any, Any], Any]] = {
        "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
        "max": max, "min": min,
        "div": _divide if read is _int else operator.truediv,
        "mod": lambda a, b: int(math.fmod(a, b)),
    }  # fmt: skip
    join = joined[name.removesuffix("f")]

    def fold(first: Value, *others: Value) -> Value:
        total = read(first)
        for other in others:
            total = join(total, read(other))
        if isinstance(total, int) and abs(total) >= 2**63:
            raise ValueError("number out of range")
        return total  # type: ignore[no-any-return]

    return fold


def _strip(text: Value) -> str:
    return _text(text).strip()


FUNCTIONS: dict[str, Function] = {
    **dict.fromkeys(("ToLower", "lower"), Function(lambda s: _text(s).lower(), 1, 1)),
    **dict.fromkeys(("ToUpper", "upper"), Function(lambda s: _text(s).upper(), 1, 1)),
    "title": Function(lambda s: _text(s).title(), 1, 1),
    **dict.fromkeys(("TrimSpace", "trim"), Function(_strip, 1, 1)),
    "Trim": Function(lambda s, chars: _text(s).strip(_text(chars)), 2, 2),
    "TrimLeft": Function(lambda s, chars: _text(s).lstrip(_text(chars)), 2, 2),
    "TrimRight": Function(lambda s, chars: _text(s).rstrip(_text(chars)), 2, 2),
    "TrimPrefix": Function(lambda s, part: _text(s).removeprefix(_text(part)), 2, 2),
    "TrimSuffix": Function(lambda s, part: _text(s).removesuffix(_text(part)), 2, 2),
    "trimAll": Function(lambda chars, s: _text(s).strip(_text(chars)), 2, 2),
    "trimPrefix": Function(lambda part, s: _text(s).removeprefix(_text(part)), 2, 2),
    "trimSuffix": Function(lambda part, s: _text(s).removesuffix(_text(part)), 2, 2),
    "Replace": Function(_replace, 4, 4),
    "replace": Function(lambda old, new, s: _replace(s, old, new), 3, 3),
    "regexReplaceAll": Function(_replace_all, 3, 3),
    "regexReplaceAllLiteral": Function(_replace_literally, 3, 3),
    "count": Function(lambda p, s: sum(1 for _ in _pattern(_text(p)).finditer(_text(s))), 2, 2),
    "trunc": Function(_trunc, 2, 2),
    "substr": Function(_substr, 3, 3),
    "repeat": Function(lambda n, s: _bounded(_text(s), _int(n)), 2, 2),
    "indent": Function(_indent, 2, 2),
    "nindent": Function(lambda n, s: "\n" + _indent(n, s), 2, 2),
    "alignLeft": Function(lambda n, s: _align(n, s, left=True), 2, 2),
    "alignRight": Function(lambda n, s: _align(n, s, left=False), 2, 2),
    "contains": Function(lambda part, s: _text(part) in _text(s), 2, 2),
    "hasPrefix": Function(lambda part, s: _text(s).startswith(_text(part)), 2, 2),
    "hasSuffix": Function(lambda part, s: _text(s).endswith(_text(part)), 2, 2),
    "default": Function(lambda other, s="": s if truth(s) else other, 1, 2),
    "urlencode": Function(lambda s: quote_plus(_text(s)), 1, 1),
    "urldecode": Function(lambda s: unquote_plus(_text(s)), 1, 1),
    "b64enc": Function(lambda s: base64.b64encode(_text(s).encode()).decode(), 1, 1),
    "b64dec": Function(_decode, 1, 1),
    "printf": Function(_printf, 1, _MOST),
    "len": Function(lambda s: len(_text(s).encode()), 1, 1),
    "int": Function(_int, 1, 1),
    "float64": Function(_float, 1, 1),
    **{name: Function(_fold(name), 1, _MOST) for name in ("add", "mul", "max", "min")},
    **{name: Function(_fold(name), 1, _MOST) for name in ("addf", "mulf", "maxf", "minf")},
    **{name: Function(_fold(name), 2, 2) for name in ("sub", "div", "mod")},
    **{name: Function(_fold(name), 2, _MOST) for name in ("subf", "divf")},
    "ceil": Function(lambda x: float(math.ceil(_float(x))), 1, 1),
    "floor": Function(lambda x: float(math.floor(_float(x))), 1, 1),
    "round": Function(_round, 1, 3),
    "bytes": Function(lambda s: parse_size(_text(s)), 1, 1),
    **dict.fromkeys(
        ("duration", "duration_seconds"), Function(lambda s: parse_duration(_text(s)), 1, 1)
    ),
    "unixEpoch": Function(lambda t: str(_int(t) // 1_000_000_000), 1, 1),
    "unixEpochMillis": Function(lambda t: str(_int(t) // 1_000_000), 1, 1),
    "unixEpochNanos": Function(lambda t: str(_int(t)), 1, 1),
    "eq": Function(_equal, 2, _MOST),
    "ne": Function(lambda a, b: a != b, 2, 2),
    **{name: Function(_compare(name), 2, 2) for name in ("lt", "le", "gt", "ge")},
    "and": Function(lambda *all_: next((x for x in all_ if not truth(x)), all_[-1]), 1, _MOST),
    "or": Function(lambda *all_: next((x for x in all_ if truth(x)), all_[-1]), 1, _MOST),
    "not": Function(lambda x: not truth(x), 1, 1),
}
"""By name: Loki's, without those of dates and `fromJson`."""

"""Functions that change labels: label_replace, label_join."""

import re
from dataclasses import replace

import numpy as np

from watchbill.telemetry.promql import ast
from watchbill.telemetry.promql.errors import EvalError
from watchbill.telemetry.promql.numbers import is_utf8
from watchbill.telemetry.promql.scope import Scope
from watchbill.telemetry.promql.storage import METRIC_NAME, PatternError, compile_pattern
from watchbill.telemetry.promql.symbols import Ids
from watchbill.telemetry.promql.vectors import Mask, Vector, merge_equal

_PLACEHOLDER = re.compile(r"\$(?:\{(\w+)\}|(\w+|\$))")


def apply_label_replace(scope: Scope, call: ast.Call) -> Vector:
    """Write an expanded template into a label wherever a pattern matches another label."""
    vector = scope.vector(call.args[0])
    target, template, source, pattern = map(scope.text, call.args[1:])
    _check_label(target, "destination", call)
    _check_text(template, call)
    try:
        compiled = compile_pattern(pattern)
    except PatternError:
        raise EvalError(f"invalid regular expression in label_replace(): {pattern}") from None
    distinct, which = np.unique(vector.labels.column(source), return_inverse=True)
    ids = vector.labels.column(target).copy()
    written = np.zeros(len(vector), np.bool_)
    symbols = vector.labels.symbols
    for number, symbol in enumerate(distinct.tolist()):
        match = compiled.fullmatch(symbols.text(int(symbol)))
        if match is not None:
            ids[which == number] = symbols[_expand(template, match)]
            written |= which == number
    return set_label(vector, target, ids, written)


def _expand(template: str, match: "re.Match[str]") -> str:
    """Go's `Regexp.Expand`: `$1`, `$name`, `${name}`, `$$`; unknown groups are empty."""

    def fill(found: "re.Match[str]") -> str:
        key = found.group(1) or found.group(2)
        if key == "$":
            return "$"
        try:
            return match.group(int(key) if key.isdecimal() else key) or ""
        except (IndexError, KeyError):
            return ""

    return _PLACEHOLDER.sub(fill, template)


def apply_label_join(scope: Scope, call: ast.Call) -> Vector:
    """Write several labels, joined, into one."""
    vector = scope.vector(call.args[0])
    target, separator, *sources = map(scope.text, call.args[1:])
    _check_label(target, "destination", call)
    _check_text(separator, call)
    for source in sources:
        _check_label(source, "source", call)
    columns = [vector.labels.texts(source) for source in sources]
    joined = (
        [separator.join(parts) for parts in zip(*columns, strict=True)]
        if columns
        else [""] * len(vector)
    )
    return set_label(vector, target, vector.labels.symbols.ids(joined))


def _check_label(name: str, which: str, call: ast.Call) -> None:
    if not name or not is_utf8(name):
        raise EvalError(f"invalid {which} label name in {call.function}(): {name}")


def _check_text(text: str, call: ast.Call) -> None:
    if not is_utf8(text):
        raise EvalError(f"invalid UTF-8 in {call.function}()")


def set_label(vector: Vector, name: str, ids: Ids, written: Mask | bool = True) -> Vector:
    """`vector` with a label set; a metric name stays to the end in rows where it was `written`."""
    changed = replace(vector, labels=vector.labels.with_column(name, ids), ordered=False)
    if name == METRIC_NAME:
        changed = replace(changed, drop_name=vector.drop_name & ~np.asarray(written))
    merge_equal(changed)  # two series must not become one at the same step
    return changed

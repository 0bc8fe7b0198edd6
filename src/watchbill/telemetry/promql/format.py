"""A syntax tree back to text, in Prometheus's canonical form.

Lines longer than 100 characters are broken up as its `format_query` does (promql/parser/prettier).
"""

from . import ast
from .ast import DurationExpr, Expr
from .durations import format_duration
from .numbers import format_value, quote
from .storage import METRIC_NAME

_LINE_LENGTH = 100
_INDENT = "  "
_WORD_START = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_WORD = _WORD_START | frozenset("0123456789")


def format_query(expr: Expr) -> str:
    """Text of the query, long parts broken over indented lines."""
    return _pretty(expr, 0)


def to_text(expr: Expr) -> str:
    """Text of the query on one line."""
    match expr:
        case ast.Number(value, duration):
            # `Inf` without Prometheus's `+`, which would bind differently: +Inf ^ 2
            text = format_value(value).removeprefix("+")
            return format_duration(round(value * 1000)) if duration else text
        case ast.String(value):
            return quote(value)
        case ast.VectorSelector():
            return _selector(expr) + _modifiers(expr)
        case ast.MatrixSelector(vector, duration):
            return f"{_selector(vector)}[{_duration(duration)}]{_modifiers(vector)}"
        case ast.Subquery():
            return to_text(expr.inner) + _subquery_suffix(expr)
        case ast.Paren(inner):
            return f"({to_text(inner)})"
        case ast.Unary(op, inner):
            return op + to_text(inner)
        case ast.Binary(_, left, right):
            return f"{to_text(left)} {_operator(expr)} {to_text(right)}"
        case ast.Aggregation():
            return f"{_aggregation_head(expr)}({', '.join(map(to_text, _operands(expr)))})"
        case ast.Call(function, args):
            return f"{function}({', '.join(map(to_text, args))})"


def _pretty(expr: Expr, level: int) -> str:
    indent = _INDENT * level
    text = to_text(expr)
    if len(text) <= _LINE_LENGTH:
        return indent + text
    match expr:
        case ast.Paren(inner):
            return f"{indent}(\n{_pretty(inner, level + 1)}\n{indent})"
        case ast.Unary(op, inner):
            return indent + op + _pretty(inner, level).lstrip()
        case ast.Subquery(inner):
            return _pretty(inner, level) + _subquery_suffix(expr)
        case ast.Binary(_, left, right):
            left_text, right_text = _pretty(left, level + 1), _pretty(right, level + 1)
            return f"{left_text}\n{indent}{_operator(expr)}\n{right_text}"
        case ast.Aggregation():
            return _pretty_call(_aggregation_head(expr), _operands(expr), level)
        case ast.Call(function, args):
            return _pretty_call(function, args, level)
        case _:
            return indent + text


def _pretty_call(head: str, args: tuple[Expr, ...], level: int) -> str:
    indent = _INDENT * level
    inner = ",\n".join(_pretty(arg, level + 1) for arg in args)
    return f"{indent}{head}(\n{inner}\n{indent})"


def _operands(expr: ast.Aggregation) -> tuple[Expr, ...]:
    return (expr.inner,) if expr.parameter is None else (expr.parameter, expr.inner)


def _aggregation_head(expr: ast.Aggregation) -> str:
    if expr.without:
        return f"{expr.op} without ({_names(expr.labels)}) "
    return f"{expr.op} by ({_names(expr.labels)}) " if expr.labels else expr.op


def _operator(expr: ast.Binary) -> str:
    """The operator with everything that modifies it."""
    matching = expr.matching
    out = [expr.op]
    if expr.returns_bool:
        out.append("bool")
    if matching.on or matching.labels or matching.group:
        out.append(f"{'on' if matching.on else 'ignoring'} ({_names(matching.labels)})")
    if matching.group:
        out.append(f"group_{matching.group} ({_names(matching.include)})")
    left, right = matching.fill_left, matching.fill_right
    if left is not None and left == right:
        out.append(f"fill ({format_value(left)})")
    else:
        if left is not None:
            out.append(f"fill_left ({format_value(left)})")
        if right is not None:
            out.append(f"fill_right ({format_value(right)})")
    return " ".join(out)


def _names(labels: tuple[str, ...]) -> str:
    return ", ".join(map(_label, labels))


def _label(name: str) -> str:
    plain = bool(name) and name[0] in _WORD_START and set(name) <= _WORD
    return name if plain else quote(name)


def _selector(expr: ast.VectorSelector) -> str:
    name = expr.name
    plain = bool(name) and name is not None and _is_metric_name(name)
    conditions = [] if plain or name is None else [quote(name)]
    conditions += [
        f"{_label(matcher.name)}{matcher.op}{quote(matcher.value)}"
        for matcher in expr.matchers
        if not (matcher.name == METRIC_NAME and matcher.op == "=" and matcher.value == name)
    ]
    head = name if plain and name is not None else ""
    return head + (f"{{{','.join(conditions)}}}" if conditions or not head else "")


def _is_metric_name(name: str) -> bool:
    words = name.replace(":", "_")
    return words[0] in _WORD_START and set(words) <= _WORD and name.lower() not in ("inf", "nan")


def _modifiers(expr: ast.VectorSelector) -> str:
    extension = f" {expr.extension}" if expr.extension else ""
    return extension + _shift(expr)


def _shift(expr: ast.VectorSelector | ast.Subquery) -> str:
    out = ""
    if isinstance(expr.at, str):
        out += f" @ {expr.at}()"
    elif expr.at is not None:
        out += f" @ {expr.at / 1000:.3f}"
    if expr.offset is not None:
        out += f" offset {_duration(expr.offset)}"
    return out


def _subquery_suffix(expr: ast.Subquery) -> str:
    step = "" if expr.step is None else _duration(expr.step)
    return f"[{_duration(expr.range)}:{step}]{_shift(expr)}"


def _duration(expr: DurationExpr) -> str:
    match expr:
        case ast.DurationLiteral(seconds):
            ms = seconds * 1000
            return format_duration(round(ms)) if ms == round(ms) else format_value(seconds)
        case ast.DurationParen(inner):
            return f"({_duration(inner)})"
        case ast.DurationUnary(op, inner):
            return op + _duration(inner)
        case ast.DurationBinary(op, left, right):
            return f"{_duration(left)} {op} {_duration(right)}"
        case ast.DurationCall(function, args):
            return f"{function}({', '.join(map(_duration, args))})"

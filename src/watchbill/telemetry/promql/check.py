"""The type of an expression, and whether its parts fit together."""

from . import ast
from .ast import Expr, ValueType
from .numbers import quote
from .signatures import SIGNATURES

TYPE_NAMES = {
    "scalar": "scalar", "vector": "instant vector", "matrix": "range vector", "string": "string",
}  # fmt: skip


def type_of(expr: Expr) -> ValueType:
    """The type of an expression that `check` accepted."""
    match expr:
        case ast.Number():
            return "scalar"
        case ast.String():
            return "string"
        case ast.VectorSelector() | ast.Aggregation():
            return "vector"
        case ast.MatrixSelector() | ast.Subquery():
            return "matrix"
        case ast.Paren(inner) | ast.Unary(_, inner):
            return type_of(inner)
        case ast.Call(function):
            return SIGNATURES[function].returns
        case ast.Binary(_, left, right):
            both_scalar = type_of(left) == "scalar" and type_of(right) == "scalar"
            return "scalar" if both_scalar else "vector"


def check(expr: Expr) -> ValueType:
    """The type of `expr`. Raises `ParseError` at the first part that does not fit."""
    match expr:
        case ast.VectorSelector():
            _check_selector(expr)
        case ast.MatrixSelector(vector):
            _check_selector(vector)
        case ast.Subquery(inner):
            if (found := check(inner)) != "vector":
                raise expr.span.error(
                    f"subquery is only allowed on instant vector, got {found} instead"
                )
        case ast.Paren(inner):
            check(inner)
        case ast.Unary(_, inner):
            if (found := check(inner)) not in ("scalar", "vector"):
                raise expr.span.error(
                    "unary expression only allowed on expressions of type scalar or instant"
                    f" vector, got {quote(TYPE_NAMES[found])}"
                )
        case ast.Binary():
            _check_binary(expr)
        case ast.Aggregation():
            _check_aggregation(expr)
        case ast.Call():
            _check_call(expr)
        case ast.Number() | ast.String():
            pass
    return type_of(expr)


def _check_selector(expr: ast.VectorSelector) -> None:
    if all(matcher.matches("") for matcher in expr.matchers):
        raise expr.span.error("vector selector must contain at least one non-empty matcher")


def _check_binary(expr: ast.Binary) -> None:
    left, right = check(expr.left), check(expr.right)
    for side, found in ((expr.left, left), (expr.right, right)):
        if found not in ("scalar", "vector"):
            raise side.span.error(
                "binary expression must contain only scalar and instant vector types"
            )
    if left == right == "vector":
        return
    if expr.op in ast.SET_OPERATORS:
        raise expr.span.error(
            f"set operator {quote(expr.op)} not allowed in binary scalar expression"
        )
    if left == right and expr.op in ast.COMPARISONS and not expr.returns_bool:
        raise expr.span.error("comparisons between scalars must use BOOL modifier")
    matching = expr.matching
    if matching.on or matching.labels or matching.group:
        raise expr.span.error("vector matching only allowed between instant vectors")
    if matching.fills:
        raise expr.span.error("filling in missing series only allowed between instant vectors")


def _check_aggregation(expr: ast.Aggregation) -> None:
    _expect("vector", expr.inner, "aggregation expression")
    if expr.parameter is not None:
        wanted: ValueType = "string" if expr.op == "count_values" else "scalar"
        _expect(wanted, expr.parameter, "aggregation parameter")


def _check_call(expr: ast.Call) -> None:
    signature, count = SIGNATURES[expr.function], len(expr.args)
    if not signature.accepts(count):
        most = len(signature.args)
        if signature.variadic or count < signature.required:
            wanted = f"at least {signature.required}" if most != signature.required else str(most)
        else:
            wanted = f"at most {most}" if most != signature.required else str(most)
        raise expr.span.error(
            f"expected {wanted} argument(s) in call to {quote(expr.function)}, got {count}"
        )
    for index, arg in enumerate(expr.args):
        if expr.function == "info" and index == 1:
            _check_label_selector(arg)
            continue
        _expect(signature.type_of(index), arg, f"call to function {quote(expr.function)}")


def _check_label_selector(arg: Expr) -> None:
    """The second argument of `info` only lists matchers; it selects no series by itself."""
    if isinstance(arg, ast.VectorSelector):
        if arg.name is not None:
            raise arg.span.error("expected label selectors only, got vector selector instead")
        return
    _expect("vector", arg, 'call to function "info"')
    raise arg.span.error("expected label selectors only")


def _expect(wanted: ValueType, expr: Expr, context: str) -> None:
    if (found := check(expr)) != wanted:
        raise expr.span.error(
            f"expected type {TYPE_NAMES[wanted]} in {context}, got {TYPE_NAMES[found]}"
        )

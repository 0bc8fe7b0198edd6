"""`parse_query`: Prometheus's names for the nodes of a query."""

from typing import Any

import pytest

from watchbill.telemetry.http.answers import ApiError
from watchbill.telemetry.http.syntax import parse_parameter, selectors, tree
from watchbill.telemetry.promql.signatures import SIGNATURES


def parsed(text: str) -> dict[str, Any]:
    return tree(parse_parameter(text))


def test_a_selector_with_its_modifiers() -> None:
    assert parsed('up{job=~"a|b"} offset -5m') == {
        "type": "vectorSelector", "name": "up", "offset": -300_000,
        "matchers": [{"name": "__name__", "type": "=", "value": "up"},
                     {"name": "job", "type": "=~", "value": "a|b"}],
        "timestamp": None, "startOrEnd": None, "anchored": False, "smoothed": False,
    }  # fmt: skip
    ranged = parsed("up[1h30m] @ 12.5")
    assert (ranged["type"], ranged["range"], ranged["timestamp"]) == (
        "matrixSelector", 5_400_000, 12_500,
    )  # fmt: skip
    sub = parsed("up[1h:5m] @ end()")
    assert (sub["type"], sub["range"], sub["step"], sub["startOrEnd"]) == (
        "subquery", 3_600_000, 300_000, "end",
    )  # fmt: skip


def test_an_operation_with_its_matching() -> None:
    binary = parsed("a * on (x) group_left (y) b")
    assert (binary["type"], binary["op"], binary["bool"]) == ("binaryExpr", "*", False)
    assert binary["matching"] == {
        "card": "many-to-one", "on": True, "labels": ["x"], "include": ["y"],
        "fillValues": {"lhs": None, "rhs": None},
    }  # fmt: skip
    assert parsed("a and b")["matching"]["card"] == "many-to-many"
    assert parsed("a > bool 1")["matching"] is None
    assert parsed("a > bool 1")["bool"] is True


def test_aggregations_calls_and_literals() -> None:
    found = parsed('topk without (i) (3, -label_replace(up, "a", "b", "c", "d"))')
    assert (found["op"], found["grouping"], found["without"]) == ("topk", ["i"], True)
    assert found["param"] == {"type": "numberLiteral", "val": "3"}
    assert (found["expr"]["type"], found["expr"]["op"]) == ("unaryExpr", "-")
    call = found["expr"]["expr"]
    assert call["func"] == {
        "name": "label_replace", "argTypes": ["vector", *["string"] * 4], "variadic": 0,
        "returnType": "vector",
    }  # fmt: skip
    assert call["args"][1] == {"type": "stringLiteral", "val": "a"}
    assert parsed("(Inf)") == {
        "type": "parenExpr",
        "expr": {"type": "numberLiteral", "val": "+Inf"},
    }
    assert parsed("sum(a)")["param"] is None


def test_optional_arguments_are_counted_as_prometheus_counts_them() -> None:
    def variadic(text: str) -> int:
        return int(parsed(text)["func"]["variadic"])

    assert (variadic("round(a)"), variadic("hour()"), variadic("abs(a)")) == (1, 1, 0)
    assert variadic('label_join(a, "b", "c")') == -1
    assert set(SIGNATURES) > {"round", "hour", "abs", "label_join"}


def test_the_selectors_of_a_query_are_all_found() -> None:
    expr = parse_parameter("quantile(scalar(a), b[5m:1m] and rate(c[1m]) / (-d)) or absent(e)"
                           .replace("b[5m:1m]", "max_over_time(b[5m:1m])"))  # fmt: skip
    names = [matchers[0].value for matchers in selectors(expr)]
    assert sorted(names) == ["a", "b", "c", "d", "e"]


def test_what_cannot_be_parsed_is_bad_data() -> None:
    with pytest.raises(ApiError, match=r'invalid parameter "query": 1:4: parse error') as wrong:
        parse_parameter("up{")
    assert wrong.value.kind == "bad_data"

"""What must hold for any query: text survives parsing, and ranges agree with instants."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from tests.telemetry.promql.queries import STEP, STEPS, stores, vectors

from watchbill.telemetry.promql.engine import instant, range_
from watchbill.telemetry.promql.errors import EvalError
from watchbill.telemetry.promql.format import format_query, to_text
from watchbill.telemetry.promql.parse import parse
from watchbill.telemetry.promql.storage import InMemory, Labels

pytestmark = pytest.mark.usefixtures("both_ways")

LOOKBACK = 70_000
slow = settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=60)


@slow
@given(vectors(3))
def test_a_printed_query_means_the_same(query: str) -> None:
    expr = parse(query)
    assert parse(to_text(expr)) == expr
    assert parse(format_query(expr)) == expr
    assert to_text(parse(to_text(expr))) == to_text(expr)


Points = dict[tuple[Labels, int], float]


def by_range(store: InMemory, query: str) -> Points:
    data = range_(store, query, 0, STEP * (STEPS - 1), STEP, lookback_ms=LOOKBACK).data
    return {
        (labels, int(data.t[at])): float(data.v[at])
        for row, labels in enumerate(data.labels)
        for at in range(data.starts[row], data.starts[row + 1])
    }


def by_instants(store: InMemory, query: str) -> Points:
    return {
        (labels, at): value
        for at in range(0, STEP * STEPS, STEP)
        for labels, value in instant(store, query, at, lookback_ms=LOOKBACK).vector().items()
    }


@slow
@given(stores(), vectors(3))
def test_a_range_query_is_the_instant_query_at_every_step(store: InMemory, query: str) -> None:
    try:
        instants = by_instants(store, query)
    except EvalError:
        instants = None
    try:
        ranged = by_range(store, query)
    except EvalError:
        assert instants is None
        return
    assert instants is not None
    assert ranged.keys() == instants.keys()
    for key, value in ranged.items():
        assert math.isclose(value, instants[key], rel_tol=1e-9, abs_tol=1e-9) or (
            math.isnan(value) and math.isnan(instants[key])
        ), (key, value, instants[key])

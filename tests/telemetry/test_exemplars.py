"""Exemplars: found by selector and time, bounded, in order."""

from hypothesis import given
from hypothesis import strategies as st

from watchbill.telemetry.exemplars import LABELS_LIMIT, Exemplar, Exemplars
from watchbill.telemetry.promql.storage import Labels, Matcher, labels_of

SHOP: Labels = labels_of({"__name__": "requests_total", "job": "shop"})
MAIL: Labels = labels_of({"__name__": "requests_total", "job": "mail"})
ALL = [[Matcher("__name__", "=", "requests_total")]]


def exemplar(t_ms: int, trace: str = "a") -> Exemplar:
    return Exemplar((("trace_id", trace),), 0.5, t_ms)


def test_finds_by_selector_and_time() -> None:
    exemplars = Exemplars()
    for series in (SHOP, MAIL):
        for t_ms in (1000, 2000, 3000):
            assert exemplars.add(series, exemplar(t_ms))
    shop = [Matcher("job", "=", "shop")]
    assert exemplars.query([shop], 2000, 3000) == [(SHOP, [exemplar(2000), exemplar(3000)])]
    assert [series for series, _ in exemplars.query(ALL, 0, 9999)] == [MAIL, SHOP]
    assert exemplars.query([shop, [Matcher("job", "=~", "m.*")]], 1000, 1000) == [
        (MAIL, [exemplar(1000)]),
        (SHOP, [exemplar(1000)]),
    ]
    assert exemplars.query(ALL, 3001, 9999) == []
    assert exemplars.query([], 0, 9999) == []


def test_takes_a_repeated_one_once_and_refuses_older_ones() -> None:
    exemplars = Exemplars()
    assert exemplars.add(SHOP, exemplar(2000))
    assert exemplars.add(SHOP, exemplar(2000))
    assert not exemplars.add(SHOP, exemplar(2000, "other"))
    assert not exemplars.add(SHOP, exemplar(1999))
    assert exemplars.query(ALL, 0, 9999) == [(SHOP, [exemplar(2000)])]


def test_refuses_labels_that_are_too_long() -> None:
    name = "trace_id"
    fits = "x" * (LABELS_LIMIT - len(name))
    exemplars = Exemplars()
    assert exemplars.add(SHOP, exemplar(1, fits))
    assert not exemplars.add(SHOP, exemplar(2, fits + "x"))


@given(st.integers(1, 5), st.lists(st.sampled_from([SHOP, MAIL]), max_size=20))
def test_holds_the_newest_arrivals(limit: int, arrivals: list[Labels]) -> None:
    exemplars = Exemplars(limit)
    for t_ms, series in enumerate(arrivals):
        exemplars.add(series, exemplar(t_ms))
    held = sorted((one.t_ms, series) for series, own in exemplars.query(ALL, 0, 99) for one in own)
    assert held == list(enumerate(arrivals))[-limit:]
    assert len(exemplars) == len(held)

"""The made-up month: the same every time, the series the services have, its episodes to be seen."""

from functools import partial

import numpy as np
import pytest
from tests.demo.conftest import Example, wait_for

from watchbill.demo.episodes import DAY, DAYS
from watchbill.demo.past import MARK, Past

END = 1_790_000_040  # a whole minute


@pytest.fixture(scope="module")
def past() -> Past:
    return Past(seed=1, end=END)


@pytest.fixture(scope="module")
def month(past: Past) -> dict[tuple[tuple[str, str], ...], np.ndarray]:
    """Every series over all minutes, NaN where it was absent."""
    whole: dict[tuple[tuple[str, str], ...], np.ndarray] = {}
    for number, (_, columns) in enumerate(past.days()):
        for labels, values in columns:
            row = whole.setdefault(labels, np.full(DAYS * 1440, np.nan))
            row[number * 1440 : (number + 1) * 1440] = values
    return whole


def series(month, name, **labels):
    """The one series of that name with those labels."""
    found = [v for k, v in month.items() if {"__name__": name, **labels}.items() <= dict(k).items()]
    assert len(found) == 1, f"{len(found)} series"
    return found[0]


def minutes(past: Past, kind: str) -> tuple[slice, slice]:
    """The minutes of an episode, and the hour before it."""
    it = next(it for it in past.episodes if it.kind == kind)
    first, last = (it.starts - past.start) // 60 + 2, (it.ends - past.start) // 60
    return slice(first, last), slice(first - 65, first - 5)


def test_it_is_thirty_days_of_whole_minutes_oldest_first(past: Past):
    at = np.concatenate([at for at, _ in past.days()])
    assert len(at) == DAYS * 1440
    assert at[0] == (END - DAYS * DAY) * 1000
    assert at[-1] == (END - 60) * 1000
    assert set(np.diff(at)) == {60_000}


def test_the_same_seed_makes_the_same_month_and_another_one_another(past: Past):
    one, same, other = (Past(seed, END).days() for seed in (1, 1, 2))
    for _ in range(3):
        first, again, different = next(one)[1], next(same)[1], next(other)[1]
        assert equal(first, again)
        assert not equal(first, different)


def equal(one, other) -> bool:
    return all(
        labels == others and np.array_equal(values, more, equal_nan=True)
        for (labels, values), (others, more) in zip(one, other, strict=True)
    )


def test_it_is_small_and_labelled(month):
    assert len(month) <= 300
    assert (month[(("__name__", MARK), ("job", "example"))] == 1).all()


@pytest.mark.server
def test_it_has_exactly_the_series_that_the_services_have(month, start, tmp_path):
    example = start(tmp_path)  # its own: what other tests asked of services may add series
    live = {"build_info": set()}
    for service in ("checkout", "payments", "catalogue"):
        scraped = {f'instance="{service}-1"', 'job="example"', f'service="{service}"'}
        wait_for(partial(example.metrics, service), 20, f"{service} answers")
        for text in example.metrics(service):
            name, _, labels = text.rstrip("}").partition("{")
            live.setdefault(name, set()).add(
                frozenset({*filter(None, labels.split(",")), *scraped})
            )
        live.setdefault("up", set()).add(frozenset(scraped))
    made = {}
    for labels in month:
        pairs = {f'{k}="{v}"' for k, v in labels if k != "__name__"}
        made.setdefault(dict(labels)["__name__"], set()).add(frozenset(pairs))
    del made[MARK]
    assert live.pop("build_info") < made.pop("build_info"), "earlier releases are there too"
    assert set(made) == set(live)
    for name, found in made.items():
        assert found == live[name], name


@pytest.mark.server
def test_it_ends_about_where_the_services_begin(month, example: Example):
    for service in ("checkout", "payments", "catalogue"):
        then = series(month, "process_resident_memory_bytes", service=service)[-1]

        def usual(service=service, then=then) -> bool:
            now = example.metrics(service)["process_resident_memory_bytes"]
            return then == pytest.approx(now, rel=0.5)

        # The catalogue fills its cache anew after another test restarted it or emptied it.
        wait_for(usual, 30, f"{service} has the memory that the month ends with")


def test_counters_only_grow_but_at_a_restart(past: Past, month):
    checked = 0
    for labels, values in month.items():
        it = dict(labels)
        if not it["__name__"].endswith(("_total", "_bucket", "_sum", "_count")):
            continue
        drops = np.flatnonzero(np.diff(values) < 0) + 1
        restarts = [r.at for r in past.releases if r.service == it["service"]]
        for minute in drops:
            at = past.start + int(minute) * 60
            assert any(0 < at - restart <= 60 for restart in restarts), (labels, minute)
        checked += 1
    assert checked > 50


def test_histograms_add_up(month):
    for service, path in (
        ("checkout", "/checkout"),
        ("payments", "/charge"),
        ("catalogue", "/products"),
    ):
        name = "http_request_duration_seconds"
        top = series(month, f"{name}_bucket", service=service, le="+Inf")
        count = series(month, f"{name}_count", service=service, path=path)
        requests = sum(v for k, v in month.items() if dict(k)["__name__"] == "http_requests_total"
                       and dict(k)["service"] == service)  # fmt: skip
        assert np.array_equal(top, count, equal_nan=True)
        assert np.array_equal(top, requests, equal_nan=True)


def test_days_and_weeks_have_a_rhythm(past: Past, month):
    orders = np.diff(series(month, "orders_total", result="paid"))
    hour = (past.start + np.arange(len(orders)) * 60) % DAY // 3600
    weekday = ((past.start + np.arange(len(orders)) * 60) // DAY + 3) % 7
    usual = (orders > 0) & ~np.isnan(orders)
    night, day = (orders[usual & (hour == h)].mean() for h in (3, 15))
    assert day / night == pytest.approx(1.15 / 0.85, rel=0.05)
    assert orders[usual & (weekday == 6)].mean() < 0.95 * orders[usual & (weekday == 1)].mean()


def test_each_episode_shows_and_ends(past: Past, month):
    def growth(name, where, **labels):
        return np.nansum(np.maximum(np.diff(series(month, name, **labels)), 0)[where])

    bad, before = minutes(past, "errors")
    for where, low, high in ((bad, 0.1, 0.15), (before, 0, 0.01)):
        failed, paid = (growth("orders_total", where, result=it) for it in ("failed", "paid"))
        assert low <= failed / (failed + paid) <= high
    slow, before = minutes(past, "latency")
    for where, low, high in ((slow, 0.2, 0.6), (before, 0.05, 0.15)):
        total = growth("http_request_duration_seconds_sum", where, service="payments")
        count = growth("http_request_duration_seconds_count", where, service="payments")
        assert low < total / count < high
    leak, before = minutes(past, "memory")
    memory = series(month, "process_resident_memory_bytes", service="catalogue")
    assert memory[leak].max() > 200e6 > 64e6 > memory[before].max()
    full, before = minutes(past, "queue")
    depth = series(month, "queue_depth")
    assert depth[full].max() == 2000
    assert depth[before].max() < 10
    down, before = minutes(past, "crash")
    up = series(month, "up", service="checkout")
    assert (up[down] == 0).all()
    assert (up[before] == 1).all()
    assert np.isnan(series(month, "process_resident_memory_bytes", service="checkout")[down]).all()
    for kind in ("errors", "latency", "memory", "queue", "crash"):
        assert minutes(past, kind)[0].stop < DAYS * 1440 - 1440, "over for a day"

"""What becomes of a scraped page: labels, staleness, limits."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from watchbill.telemetry.intake.exposition import Exposition, NativeSample, parse
from watchbill.telemetry.promql.histogram import Buckets, Histogram
from watchbill.telemetry.promql.storage import is_stale, labels_of
from watchbill.telemetry.scrape.host import host_page
from watchbill.telemetry.scrape.page import Limits, PageError, TargetSeries
from watchbill.telemetry.scrape.relabel import Relabeller, Rule
from watchbill.telemetry.store.chunks import MemoryChunks
from watchbill.telemetry.store.head import Columns
from watchbill.telemetry.store.samples import SampleStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SampleStore]:
    store = SampleStore(tmp_path, MemoryChunks(), timedelta(days=1))
    store.open()
    yield store
    store.close()


def shown(store: SampleStore, columns: Columns) -> dict[str, object]:
    """Samples by their labels, `STALE` for a staleness marker."""
    return {
        ",".join(f"{k}={v}" for k, v in store.index.labels[slot]): "STALE" if stale else value
        for slot, value, stale in zip(
            columns.slots, columns.v.tolist(), is_stale(columns.v), strict=True
        )
    }


TARGET = labels_of({"job": "j", "instance": "i"})


def test_what_left_the_page_goes_stale_once(store: SampleStore) -> None:
    series = TargetSeries(store, TARGET, Relabeller([]))
    first = series.take(parse('a 1\nb{x="1"} 2\nc 3 1000\n'), 1000)
    assert (first.scraped, first.kept, first.added) == (3, 3, 2)
    second = series.take(parse("a 5\n", known=series.known), 2000)
    assert second.added == 0
    assert shown(store, second.samples) == {
        "__name__=a,instance=i,job=j": 5.0,
        "__name__=b,instance=i,job=j,x=1": "STALE",  # c has times of its own: never stale
    }
    assert shown(store, series.take(parse("a 6\n"), 3000).samples) == {
        "__name__=a,instance=i,job=j": 6.0
    }


def test_a_failed_scrape_ends_all_and_a_lost_target_ends_up_too(store: SampleStore) -> None:
    series = TargetSeries(store, TARGET, Relabeller([]))
    series.take(parse("a 1\n"), 1000)
    series.report({"up": 1.0}, 1000)
    assert shown(store, series.end(2000, target_gone=False)) == {
        "__name__=a,instance=i,job=j": "STALE"
    }
    series.take(parse("a 1\n"), 3000)
    assert set(shown(store, series.end(4000, target_gone=True)).values()) == {"STALE"}
    assert len(series.end(5000, target_gone=False)) == 0


@pytest.mark.parametrize(
    ("honor", "expected"),
    [
        (False, "__name__=a,exported_exported_job=y,exported_job=x,instance=i,job=j"),
        (True, "__name__=a,exported_job=x,instance=i,job=y"),
    ],
)
def test_who_wins_a_conflict(store: SampleStore, honor: bool, expected: str) -> None:
    series = TargetSeries(store, TARGET, Relabeller([]), honor_labels=honor)
    page = parse('a{exported_job="x",job="y"} 1\n')
    found = shown(store, series.take(page, 1000).samples)
    assert list(found) == [expected]


def test_metric_relabelling_drops_before_the_limit_counts(store: SampleStore) -> None:
    drop = Relabeller([Rule("drop", ("__name__",), regex="b.*")])
    series = TargetSeries(store, TARGET, drop, limits=Limits(sample_limit=1))
    found = series.take(parse("a 1\nb1 1\nb2 1\n"), 1000)
    assert (found.scraped, found.kept) == (3, 1)
    with pytest.raises(PageError, match="2 samples exceed sample_limit 1"):
        series.take(parse("a 1\nc 1\n"), 2000)


def test_le_and_quantile_are_written_in_one_way(store: SampleStore) -> None:
    series = TargetSeries(store, TARGET, Relabeller([]))
    page = parse(
        '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="0.50"} 1\nh_bucket{le="1000000"} 1\n'
        'h_bucket{le="+Inf"} 1\nh_bucket{le="odd"} 1\n# TYPE s summary\ns{quantile="1"} 1\n'
        '# TYPE g gauge\ng{le="1",quantile="1"} 1\n'
    )
    found = shown(store, series.take(page, 1000).samples)
    labels = [dict(pair.split("=") for pair in one.split(",")) for one in found]
    assert [one.get("le") for one in labels] == [
        "1.0", "0.5", "1e+06", "+Inf", "odd", None, "1",
    ]  # fmt: skip
    assert [one.get("quantile") for one in labels][-2:] == ["1.0", "1"]


def native_page(*counts: float) -> Exposition:
    buckets = Buckets(np.arange(len(counts), dtype=np.int32), np.array(counts))
    told = Histogram(3, sum(counts), 1.0, positive=buckets)
    return Exposition(histograms=[NativeSample((("__name__", "h"),), told, None)])


def test_native_histograms_pass_through_and_go_stale(store: SampleStore) -> None:
    series = TargetSeries(store, TARGET, Relabeller([]))
    first = series.take(native_page(1, 2), 1000)
    assert first.samples.h is not None
    assert first.samples.h[0].positive.counts.tolist() == [1, 2]
    gone = series.take(parse("a 1\n"), 2000).samples
    assert shown(store, gone)["__name__=h,instance=i,job=j"] == "STALE"


def test_too_many_buckets_are_merged_as_far_as_it_goes(store: SampleStore) -> None:
    limits = Limits(native_histogram_bucket_limit=2)
    series = TargetSeries(store, TARGET, Relabeller([]), limits=limits)
    found = series.take(native_page(1, 2, 3, 4), 1000).samples.h
    assert found is not None
    assert (found[0].schema, found[0].positive.counts.tolist()) == (1, [1, 9])
    one = TargetSeries(
        store, TARGET, Relabeller([]), limits=Limits(native_histogram_bucket_limit=1)
    )
    with pytest.raises(PageError, match="native_histogram_bucket_limit 1"):
        one.take(native_page(1, 2, 3, 4), 1000)


def test_series_with_times_of_their_own_go_stale_where_that_is_wanted(store: SampleStore) -> None:
    series = TargetSeries(store, TARGET, Relabeller([]), track_timestamps=True)
    series.take(parse("a 1 500\n"), 1000)
    assert set(shown(store, series.take(parse(""), 2000).samples).values()) == {"STALE"}
    ignored = TargetSeries(store, TARGET, Relabeller([]), honor_timestamps=False)
    assert ignored.take(parse("a 1 500\n"), 1000).samples.t.tolist() == [1000]


def test_the_machine_says_how_it_is(store: SampleStore) -> None:
    page = host_page(1.0)
    columns = TargetSeries(store, TARGET, Relabeller([])).take(page, 1000).samples
    names = {dict(store.index.labels[slot])["__name__"] for slot in columns.slots}
    assert {
        "node_cpu_seconds_total",
        "node_memory_MemTotal_bytes",
        "node_memory_MemAvailable_bytes",
        "node_filesystem_avail_bytes",
        "node_network_receive_bytes_total",
        "node_load1",
        "node_boot_time_seconds",
    } <= names
    assert names <= {*page.metadata, "up"}

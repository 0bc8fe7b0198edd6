"""OTLP metrics as samples: every kind of metric, and what is refused of them."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest as Request,
)
from opentelemetry.proto.metrics.v1 import metrics_pb2 as pb

from watchbill.telemetry.exemplars import Exemplar
from watchbill.telemetry.intake.batch import Batch
from watchbill.telemetry.intake.metadata import Metadata
from watchbill.telemetry.intake.otlp.metrics import read_metrics
from watchbill.telemetry.intake.protobuf import MalformedError
from watchbill.telemetry.promql.storage import is_stale
from watchbill.telemetry.store.index import SeriesIndex

T = 1_700_000_000_123
NS = T * 1_000_000
CUMULATIVE, DELTA = pb.AGGREGATION_TEMPORALITY_CUMULATIVE, pb.AGGREGATION_TEMPORALITY_DELTA


def attributes(**given: Any) -> list[dict[str, Any]]:
    return [
        {"key": key.replace("__", "."), "value": {"string_value": value}}
        for key, value in given.items()
    ]


def request(*metrics: pb.Metric, **resource: str) -> bytes:
    return Request(resource_metrics=[{
        "resource": {"attributes": attributes(**resource)},
        "scope_metrics": [{"metrics": metrics}],
    }]).SerializeToString()  # fmt: skip


class Read:
    """A request read, and its samples by series as text."""

    def __init__(self, body: bytes, *, json: bool = False, limit: int = 1000) -> None:
        index = SeriesIndex(limit)
        self.batch: Batch
        self.batch, self.points = read_metrics(body, index.intern, json=json)
        self.names = [
            ",".join(f"{name}={value}" for name, value in labels) for labels in index.labels
        ]
        columns = self.batch.samples
        self.values = {
            self.names[slot].removeprefix("__name__="): value
            for slot, value in zip(columns.slots, columns.v.tolist(), strict=True)
        }

    @property
    def refused(self) -> dict[str, int]:
        return dict(self.batch.refused.counts)


def test_gauges_and_sums() -> None:
    gauge = pb.Metric(name="queue.size", description="Waiting.", unit="{item}", gauge=pb.Gauge(
        data_points=[{"as_int": 7, "time_unix_nano": NS, "attributes": attributes(le__x="a")}]
    ))  # fmt: skip
    sums = [
        pb.Metric(name=name, unit="By", sum=pb.Sum(
            data_points=[{"as_double": 1.5, "time_unix_nano": NS}],
            aggregation_temporality=CUMULATIVE, is_monotonic=monotonic,
        ))
        for name, monotonic in (("sent", True), ("held", False))
    ]  # fmt: skip
    read = Read(request(gauge, *sums))
    assert read.values == {
        "queue_size,le_x=a": 7.0, "sent_bytes_total": 1.5, "held_bytes": 1.5,
    }  # fmt: skip
    assert set(read.batch.samples.t.tolist()) == {T}
    assert read.batch.metadata == {
        "queue_size": Metadata("gauge", "Waiting.", ""),
        "sent_bytes_total": Metadata("counter", "", "bytes"),
        "held_bytes": Metadata("gauge", "", "bytes"),
    }
    assert (read.points, read.refused) == (3, {})


def test_a_resource_gives_job_instance_and_target_info() -> None:
    gauge = pb.Metric(name="up", gauge=pb.Gauge(data_points=[{"as_int": 1, "time_unix_nano": NS}]))
    whole = {"service__name": "shop", "service__namespace": "eu", "service__instance__id": "a:1"}
    read = Read(request(gauge, **whole, host__name="web1"))
    assert read.values == {
        "up,instance=a:1,job=eu/shop": 1.0,
        "target_info,host_name=web1,instance=a:1,job=eu/shop": 1.0,
    }
    assert Read(request(gauge, **whole)).values == {"up,instance=a:1,job=eu/shop": 1.0}
    assert Read(request(gauge, host__name="web1")).values == {"up": 1.0}


def test_explicit_histograms_become_classic_ones() -> None:
    point = {
        "time_unix_nano": NS, "count": 6, "sum": 9.5,
        "bucket_counts": [1, 2, 3], "explicit_bounds": [0.5, 10.0],
        "exemplars": [{"as_double": 3.0, "time_unix_nano": NS, "trace_id": bytes(range(16)),
                       "span_id": bytes(range(8)), "filtered_attributes": attributes(user="u")}],
    }  # fmt: skip
    metric = pb.Metric(name="took", unit="s", histogram=pb.Histogram(
        data_points=[point], aggregation_temporality=CUMULATIVE
    ))  # fmt: skip
    read = Read(request(metric))
    assert read.values == {
        "took_seconds_bucket,le=0.5": 1.0, "took_seconds_bucket,le=10": 3.0,
        "took_seconds_bucket,le=+Inf": 6.0, "took_seconds_count": 6.0, "took_seconds_sum": 9.5,
    }  # fmt: skip
    labels = (
        ("span_id", "0001020304050607"),
        ("trace_id", "000102030405060708090a0b0c0d0e0f"),
        ("user", "u"),
    )
    [(slot, exemplar)] = read.batch.exemplars
    assert "le=10" in read.names[slot]
    assert exemplar == Exemplar(labels, 3.0, T)
    assert read.batch.metadata["took_seconds"].type == "histogram"


def test_exponential_histograms_become_native_ones() -> None:
    point = {
        "time_unix_nano": NS, "count": 10, "sum": 99.0, "scale": 1, "zero_count": 2,
        "positive": {"offset": -1, "bucket_counts": [3, 0, 4]},
        "negative": {"offset": 2, "bucket_counts": [1]},
    }  # fmt: skip
    metric = pb.Metric(name="took", exponential_histogram=pb.ExponentialHistogram(
        data_points=[point], aggregation_temporality=CUMULATIVE
    ))  # fmt: skip
    read = Read(request(metric))
    assert read.batch.histograms.h is not None
    [told] = read.batch.histograms.h
    assert (told.schema, told.count, told.sum, told.zero_count) == (1, 10.0, 99.0, 2.0)
    assert told.zero_threshold == 1e-128
    # OpenTelemetry's bucket i is (base^i, base^(i+1)]; Prometheus's ends at base^i
    assert (told.positive.index.tolist(), told.positive.counts.tolist()) == ([0, 2], [3.0, 4.0])
    assert (told.negative.index.tolist(), told.negative.counts.tolist()) == ([3], [1.0])
    assert read.names == ["__name__=took"]


def test_summaries() -> None:
    point = {
        "time_unix_nano": NS, "count": 4, "sum": 8.0,
        "quantile_values": [{"quantile": 0.5, "value": 2.0}, {"quantile": 1, "value": 3.0}],
    }  # fmt: skip
    read = Read(request(pb.Metric(name="took", summary=pb.Summary(data_points=[point]))))
    assert read.values == {
        "took_count": 4.0, "took_sum": 8.0, "took,quantile=0.5": 2.0, "took,quantile=1": 3.0,
    }  # fmt: skip


def test_a_point_without_a_recorded_value_ends_its_series() -> None:
    gone = {"time_unix_nano": NS, "flags": 1}
    read = Read(request(
        pb.Metric(name="a", gauge=pb.Gauge(data_points=[gone])),
        pb.Metric(name="b", histogram=pb.Histogram(
            data_points=[gone], aggregation_temporality=CUMULATIVE)),
        pb.Metric(name="c", exponential_histogram=pb.ExponentialHistogram(
            data_points=[gone], aggregation_temporality=CUMULATIVE)),
        pb.Metric(name="d", summary=pb.Summary(data_points=[gone])),
    ))  # fmt: skip
    assert set(read.values) == {"a", "b_bucket,le=+Inf", "b_count", "c", "d_count", "d_sum"}
    assert is_stale(read.batch.samples.v).all()


GOOD = pb.Metric(name="good", gauge=pb.Gauge(data_points=[{"as_int": 1, "time_unix_nano": NS}]))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (pb.Metric(name="d", sum=pb.Sum(
            data_points=[{"as_int": 1}] * 2, aggregation_temporality=DELTA)), "cumulative"),
        (pb.Metric(name="...", gauge=pb.Gauge(data_points=[{"as_int": 1}] * 2)), "invalid name"),
        (pb.Metric(name="g", gauge=pb.Gauge(data_points=[{}] * 2)), "no value"),
        (pb.Metric(name="g", gauge=pb.Gauge(data_points=[
            {"as_int": 1, "attributes": [{"key": ""}]}] * 2)), "an attribute has no name"),
        (pb.Metric(name="h", histogram=pb.Histogram(
            aggregation_temporality=CUMULATIVE,
            data_points=[{"bucket_counts": [1], "explicit_bounds": [1.0]}] * 2)),
         "1 bucket counts for 1 bounds"),
        (pb.Metric(name="h", histogram=pb.Histogram(
            aggregation_temporality=CUMULATIVE,
            data_points=[{"bucket_counts": [1, 1, 1], "explicit_bounds": [2.0, 1.0]}] * 2)),
         "do not ascend"),
        (pb.Metric(name="e", exponential_histogram=pb.ExponentialHistogram(
            aggregation_temporality=CUMULATIVE, data_points=[{"scale": -5}] * 2)), "schema -5"),
        (pb.Metric(name="e", exponential_histogram=pb.ExponentialHistogram(
            aggregation_temporality=CUMULATIVE, data_points=[{"count": 3}] * 2)), "hold 0 of 3"),
        (pb.Metric(name="e", exponential_histogram=pb.ExponentialHistogram(
            aggregation_temporality=CUMULATIVE, data_points=[
                {"count": 1, "positive": {"offset": 2**31 - 1, "bucket_counts": [1]}}] * 2)),
         "outside"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused_with_its_reason(bad: pb.Metric, reason: str) -> None:
    read = Read(request(bad, GOOD))
    assert read.values == {"good": 1.0}
    assert sum(read.refused.values()) == 2
    assert reason in str(read.batch.refused)


def test_beyond_the_series_limit_points_are_refused() -> None:
    other = pb.Metric(name="other", gauge=GOOD.gauge)
    read = Read(request(GOOD, other), limit=1)
    assert read.values == {"good": 1.0}
    assert read.refused == {"series limit": 1}


def test_json_is_read_as_the_protocol_writes_it() -> None:
    body = {"resourceMetrics": [{
        "resource": {"attributes": [
            {"key": "service.name", "value": {"stringValue": "shop"}},
            {"key": "replicas", "value": {"intValue": "3"}},
            {"key": "zones", "value": {"arrayValue": {"values": [{"stringValue": "a"}]}}},
        ]},
        "scopeMetrics": [{"scope": {"name": "x"}, "metrics": [{
            "name": "took", "unit": "s", "futureField": True,
            "histogram": {"aggregationTemporality": 2, "dataPoints": [{
                "timeUnixNano": str(NS), "count": "2", "sum": 3, "bucketCounts": ["2", "0"],
                "explicitBounds": [1],
                "exemplars": [{"asDouble": 0.5, "timeUnixNano": str(NS),
                               "traceId": "5B8EFFF798038103D269B633813FC60C",
                               "spanId": "eee19b7ec3c1b174"}],
            }]},
        }]}],
    }]}  # fmt: skip
    read = Read(json.dumps(body).encode(), json=True)
    assert read.values == {
        "took_seconds_bucket,job=shop,le=1": 2.0, "took_seconds_bucket,job=shop,le=+Inf": 2.0,
        "took_seconds_count,job=shop": 2.0, "took_seconds_sum,job=shop": 3.0,
        'target_info,job=shop,replicas=3,zones=["a"]': 1.0,
    }  # fmt: skip
    [(_, exemplar)] = read.batch.exemplars
    assert dict(exemplar.labels) == {
        "trace_id": "5b8efff798038103d269b633813fc60c", "span_id": "eee19b7ec3c1b174",
    }  # fmt: skip


ANY = st.recursive(
    st.one_of(
        st.builds(dict, string_value=st.text(max_size=5)),
        st.builds(dict, double_value=st.floats()),
        st.builds(dict, bytes_value=st.binary(max_size=5)),
        st.just({}),
    ),
    lambda inner: st.builds(dict, array_value=st.builds(dict, values=st.lists(inner, max_size=3))),
    max_leaves=5,
)


@given(
    st.lists(st.tuples(st.text(max_size=4), ANY), max_size=4),
    st.floats(),
    st.integers(0, 2**64 - 1),
)
def test_any_attributes_and_values_are_taken_or_refused(
    pairs: list[tuple[str, Any]], value: float, t_ns: int
) -> None:
    told = [{"key": key, "value": held} for key, held in pairs]
    metric = pb.Metric(name="m", gauge=pb.Gauge(
        data_points=[{"as_double": value, "time_unix_nano": t_ns, "attributes": told}]
    ))  # fmt: skip
    read = Read(request(metric))
    assert len(read.values) + sum(read.refused.values()) == 1


@given(st.binary(max_size=200), st.booleans())
def test_arbitrary_bytes_give_an_answer_or_the_error(body: bytes, as_json: bool) -> None:
    with contextlib.suppress(MalformedError):
        read_metrics(body, SeriesIndex().intern, json=as_json)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"resourceMetrics": 3}', b"\xff", b"", b"[]"])
def test_json_that_is_none_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError, match="ExportMetricsServiceRequest in JSON"):
        read_metrics(body, SeriesIndex().intern, json=True)


def test_a_request_of_countless_parts_is_refused() -> None:
    with pytest.raises(MalformedError, match="more than 500000 parts"):
        read_metrics(b"\x0a\x00" * 500_001, SeriesIndex().intern, json=False)


def test_countless_objects_are_refused_before_they_are_made() -> None:
    body = b'{"resourceMetrics":[' + b",".join([b"{}"] * 600_000) + b"]}"
    with pytest.raises(MalformedError, match="more than 500000 objects"):
        read_metrics(body, lambda _: 0, json=True)

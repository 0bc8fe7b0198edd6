"""OTLP logs as Loki's lines: who speaks is the stream, all else structured metadata.

Source: https://grafana.com/docs/loki/latest/send-data/otel/#format-considerations
"""

from collections.abc import Iterable
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)

from watchbill.telemetry.intake.otlp.names import label_name
from watchbill.telemetry.intake.otlp.request import (
    Parts,
    identifier,
    plain,
    read_request,
    text_of,
)
from watchbill.telemetry.logs.push import MAX_VALUE_CHARACTERS, Line
from watchbill.telemetry.promql.storage import labels_of

STREAM_ATTRIBUTES = frozenset((
    "cloud.availability_zone", "cloud.region", "container.name", "deployment.environment",
    "deployment.environment.name", "k8s.cluster.name", "k8s.container.name", "k8s.cronjob.name",
    "k8s.daemonset.name", "k8s.deployment.name", "k8s.job.name", "k8s.namespace.name",
    "k8s.pod.name", "k8s.replicaset.name", "k8s.statefulset.name", "service.instance.id",
    "service.name", "service.namespace",
))  # fmt: skip
"""Attributes of a resource that are labels of its streams; there are few values of each."""

UNKNOWN_SERVICE = "unknown_service"

Request, Response = ExportLogsServiceRequest, ExportLogsServiceResponse


def read_logs(body: bytes, now_ns: int, *, json: bool) -> list[Line]:
    """The lines of a request; one that tells no time is of now. Raises `MalformedError`."""
    lines = []
    parts = Parts()
    for told in parts.of(read_request(Request, body, json=json).resource_logs):
        named = [pair for pair in told.resource.attributes if pair.key]
        of_stream = _flat(pair for pair in named if pair.key in STREAM_ATTRIBUTES)
        long = {name for name, value in of_stream.items() if len(value) > MAX_VALUE_CHARACTERS}
        of_resource = {name: of_stream.pop(name) for name in long}
        of_resource |= _flat(pair for pair in named if pair.key not in STREAM_ATTRIBUTES)
        labels = labels_of({"service_name": UNKNOWN_SERVICE, **of_stream})
        for scope in parts.of(told.scope_logs):
            around = {**of_resource, **_scope(scope.scope)}
            for record in parts.of(scope.log_records):
                t_ns = record.time_unix_nano or record.observed_time_unix_nano or now_ns
                metadata = labels_of({**around, **_record(record)})
                lines.append(Line(labels, min(t_ns, (1 << 63) - 1), text_of(record.body), metadata))
    return lines


def _scope(scope: Any) -> dict[str, str]:
    return {
        **_flat(scope.attributes),
        "scope_name": scope.name,
        "scope_version": scope.version,
    }


def _record(record: Any) -> dict[str, str]:
    numbers = {
        "severity_number": record.severity_number,
        "flags": record.flags,
        "observed_timestamp": record.observed_time_unix_nano,
        "dropped_attributes_count": record.dropped_attributes_count,
    }
    return {
        **_flat(record.attributes),
        "severity_text": record.severity_text,
        "event_name": record.event_name,
        "trace_id": identifier(record.trace_id),
        "span_id": identifier(record.span_id),
        **{name: str(number) for name, number in numbers.items() if number},
    }


def _flat(attributes: Iterable[Any]) -> dict[str, str]:
    """Attributes as pairs of text; those of a map each with its own name, joined by `_`."""
    found: dict[str, str] = {}
    for pair in attributes:
        if pair.value.WhichOneof("value") == "kvlist_value":
            for name, value in _flat(pair.value.kvlist_value.values).items():
                found[f"{label_name(pair.key or '_')}_{name}"] = value
        elif pair.key and plain(pair.value) is not None:
            found[label_name(pair.key)] = text_of(pair.value)
    return found

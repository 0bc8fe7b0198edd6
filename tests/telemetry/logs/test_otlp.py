"""OTLP logs as lines of streams."""

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest as Request,
)

from watchbill.telemetry.intake.protobuf import MalformedError
from watchbill.telemetry.logs.otlp import read_logs
from watchbill.telemetry.logs.push import Line

NS = 1_700_000_000_123_456_789
NOW = NS + 10**9


def pair(key: str, **value: Any) -> dict[str, Any]:
    return {"key": key, "value": value}


def request(*records: dict[str, Any], resource: list[Any] | None = None) -> bytes:
    return Request(resource_logs=[{
        "resource": {"attributes": resource or []},
        "scope_logs": [{"scope": {"name": "lib", "version": "1"}, "log_records": records}],
    }]).SerializeToString()  # fmt: skip


def test_who_speaks_is_the_stream_and_the_rest_is_metadata() -> None:
    body = request(
        {
            "time_unix_nano": NS, "observed_time_unix_nano": NS + 5, "severity_number": 17,
            "severity_text": "ERROR", "body": {"string_value": "no disk"}, "flags": 1,
            "trace_id": bytes(range(16)), "span_id": bytes(range(8)), "event_name": "disk",
            "attributes": [
                pair("code.line", int_value=7),
                pair("http", kvlist_value={"values": [pair("status.code", int_value=500)]}),
            ],
        },
        resource=[
            pair("service.name", string_value="shop"),
            pair("k8s.pod.name", string_value="shop-1"),
            pair("host.name", string_value="web1"),
        ],
    )  # fmt: skip
    assert read_logs(body, NOW, json=False) == [Line(
        (("k8s_pod_name", "shop-1"), ("service_name", "shop")), NS, "no disk",
        (
            ("code_line", "7"), ("event_name", "disk"), ("flags", "1"), ("host_name", "web1"),
            ("http_status_code", "500"), ("observed_timestamp", str(NS + 5)),
            ("scope_name", "lib"), ("scope_version", "1"), ("severity_number", "17"),
            ("severity_text", "ERROR"), ("span_id", "0001020304050607"),
            ("trace_id", "000102030405060708090a0b0c0d0e0f"),
        ),
    )]  # fmt: skip


def test_what_is_untold_is_filled_in() -> None:
    observed, none = read_logs(request({"observed_time_unix_nano": NS}, {}), NOW, json=False)
    assert (observed.t_ns, none.t_ns) == (NS, NOW)
    assert observed.stream == (("service_name", "unknown_service"),)
    assert observed.text == ""


def test_bodies_that_are_no_text_become_json() -> None:
    values = [pair("a", int_value=1), pair("b", bool_value=True), pair("c", double_value=0.5)]
    bodies = [{"kvlist_value": {"values": values}}, {"array_value": {"values": [{"int_value": 1}]}},
              {"int_value": 3}, {"bool_value": False}, {"bytes_value": b"\0\1"}]  # fmt: skip
    lines = read_logs(request(*({"body": body} for body in bodies)), NOW, json=False)
    assert [line.text for line in lines] == [
        '{"a":1,"b":true,"c":0.5}', "[1]", "3", "false", "AAE=",
    ]  # fmt: skip


def test_json_is_read_as_the_protocol_writes_it() -> None:
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{
        "timeUnixNano": str(NS), "severityNumber": 9, "body": {"stringValue": "hello"},
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "EEE19B7EC3C1B174",
    }]}]}]}  # fmt: skip
    [line] = read_logs(json.dumps(body).encode(), NOW, json=True)
    assert (line.t_ns, line.text) == (NS, "hello")
    assert dict(line.metadata) == {
        "severity_number": "9", "span_id": "eee19b7ec3c1b174",
        "trace_id": "5b8efff798038103d269b633813fc60c",
    }  # fmt: skip


@given(st.binary(max_size=200), st.booleans())
def test_arbitrary_bytes_give_an_answer_or_the_error(body: bytes, as_json: bool) -> None:
    with contextlib.suppress(MalformedError):
        read_logs(body, NOW, json=as_json)


def test_a_value_too_long_for_a_label_is_metadata() -> None:
    long = "x" * 2_049
    body = request(
        {"body": {"string_value": "a"}}, resource=[pair("service.name", string_value=long)]
    )
    (line,) = read_logs(body, 1, json=False)
    assert dict(line.stream) == {"service_name": "unknown_service"}
    assert dict(line.metadata)["service_name"] == long

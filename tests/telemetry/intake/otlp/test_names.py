"""Names of OpenTelemetry as Prometheus has them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchbill.telemetry.intake.otlp.names import label_name, metric_name, unit_name


@pytest.mark.parametrize(
    ("name", "unit", "kind", "expected"),
    [
        ("http.server.request.duration", "s", "", "http_server_request_duration_seconds"),
        ("http.server.duration", "ms", "", "http_server_duration_milliseconds"),
        ("system.network.io", "By", "counter", "system_network_io_bytes_total"),
        ("requests", "{request}", "counter", "requests_total"),
        ("requests.total", "1", "counter", "requests_total"),
        ("system.cpu.utilization", "1", "gauge", "system_cpu_utilization_ratio"),
        ("queue.size", "{item}/s", "gauge", "queue_size_per_second"),
        ("throughput", "By/s", "gauge", "throughput_bytes_per_second"),
        ("memory_bytes", "By", "gauge", "memory_bytes"),
        ("disk.free", "%", "gauge", "disk_free_percent"),
        ("odd__name--here", "", "gauge", "odd_name_here"),
        ("3xx.responses", "", "gauge", "_3xx_responses"),
        ("térmico", "Cel", "gauge", "t_rmico_celsius"),
        ("speed", "furlong/fortnight", "gauge", "speed_furlong_per_fortnight"),
        ("job:level", "", "gauge", "job:level"),
    ],
)
def test_metric_names(name: str, unit: str, kind: str, expected: str) -> None:
    assert metric_name(name, unit, counter=kind == "counter", gauge=kind == "gauge") == expected


@pytest.mark.parametrize("name", ["", "...", "éé"])
def test_a_name_of_which_nothing_is_left_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no letter or digit"):
        metric_name(name, "s", counter=True)


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("http.method", "http_method"),
        ("2xx", "key_2xx"),
        ("_private", "key_private"),
        ("__reserved__", "__reserved__"),
        ("a  b", "a__b"),
    ],
)
def test_label_names(attribute: str, expected: str) -> None:
    assert label_name(attribute) == expected


@given(st.text(), st.text(), st.booleans(), st.booleans())
def test_every_name_may_stand_in_a_selector(
    name: str, unit: str, counter: bool, gauge: bool
) -> None:
    try:
        made = metric_name(name, unit, counter=counter, gauge=gauge)
    except ValueError:
        return
    assert re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", made)
    assert re.fullmatch(r"[a-zA-Z0-9_:]*", unit_name(unit))


@given(st.text(min_size=1))
def test_every_label_may_stand_in_a_selector(attribute: str) -> None:
    assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", label_name(attribute))

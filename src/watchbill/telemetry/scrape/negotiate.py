"""Which formats a scrape asks for, and how a page is read by the type that it comes with.

Source: https://prometheus.io/docs/instrumenting/content_negotiation/
"""

from collections.abc import Container

from watchbill.telemetry.intake.exposition import Exposition, Series, parse
from watchbill.telemetry.intake.exposition_protobuf import CONTENT_TYPE, parse_protobuf
from watchbill.telemetry.scrape.custom_bounds import converted
from watchbill.telemetry.scrape.settings import Job

_TYPES = {
    "PrometheusProto":
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
    "OpenMetricsText1.0.0": "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
    "OpenMetricsText0.0.1": "application/openmetrics-text;version=0.0.1",
    "PrometheusText1.0.0": "text/plain;version=1.0.0;escaping=allow-utf-8",
    "PrometheusText0.0.4": "text/plain;version=0.0.4",
}  # fmt: skip


def accept(protocols: tuple[str, ...]) -> str:
    """The Accept header: the first is wanted most, and anything is better than nothing."""
    weights = range(len(protocols) + 1, 0, -1)
    wanted = [
        f"{_TYPES[protocol]};q=0.{weight}"
        for protocol, weight in zip(protocols, weights, strict=False)
    ]
    return ",".join([*wanted, "*/*;q=0.1"])


def read_page(page: bytes, kind: str, job: Job, known: Container[Series]) -> Exposition:
    """A page by its content type, or as the job's fallback when that says nothing known.

    Raises `ExpositionError`, `MalformedError`, `UnicodeDecodeError`.
    """
    found = _read(page, kind, job, known)
    return converted(found, job.classic_histograms) if job.convert_histograms else found


def _read(page: bytes, kind: str, job: Job, known: Container[Series]) -> Exposition:
    media = kind.partition(";")[0].strip().lower()
    if media not in (CONTENT_TYPE, "application/openmetrics-text", "text/plain"):
        media = _TYPES[job.fallback_protocol].partition(";")[0]
    if media == CONTENT_TYPE:
        return parse_protobuf(page, native=job.native_histograms, classic=job.classic_histograms)
    openmetrics = media == "application/openmetrics-text"
    return parse(page.decode(), openmetrics=openmetrics, known=known)

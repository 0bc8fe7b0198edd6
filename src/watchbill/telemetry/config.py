"""What the telemetry process is told when it starts."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from watchbill.telemetry.promql import features


@dataclass(frozen=True)
class TelemetryConfig:
    """Everything it needs to know; it reads no settings and no environment.

    `folder` holds its data and is made when missing. `tokens` is a JSON file of the hashes of
    source tokens (see `http.auth`), `scrape_config` a Prometheus scrape configuration; both are
    read again when they change and need not exist yet. `promql_features` are among
    `promql.features.ALL`.
    """

    folder: Path
    host: str
    port: int
    tokens: Path
    scrape_config: Path
    retention: timedelta = timedelta(days=30)
    host_metrics: bool = True
    promql_features: frozenset[str] = features.ALL

"""What the telemetry process is told when it starts."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from watchbill.telemetry.promql import features


@dataclass(frozen=True)
class QueryLimits:
    """What queries may cost.

    `timeout` is the longest that one may take, waiting included; `samples` is the most that one
    may hold. `at_once` run together, `waiting` more wait, and the rest are told to come again.
    """

    timeout: timedelta = timedelta(minutes=2)
    samples: int = 50_000_000
    at_once: int = 2
    waiting: int = 32


@dataclass(frozen=True)
class TelemetryConfig:
    """Everything it needs to know; it reads no settings and no environment.

    `folder` holds its data and is made when missing. `tokens` is a JSON file of the hashes of
    source tokens (see `http.auth`), `scrape_config` a Prometheus scrape configuration; both are
    read again when they change and need not exist yet.

    `retention` and `size_limit` (bytes of metrics and logs on disk) say how much is kept,
    `series_limit` how many series there may be, `late` how much older than the newest sample of its
    series a sample may be. `promql_features` are among `promql.features.ALL`. `code_cache` is where
    compiled loops are kept (see `jit`), in `folder` when None.
    """

    folder: Path
    host: str
    port: int
    tokens: Path
    scrape_config: Path
    retention: timedelta = timedelta(days=30)
    size_limit: int | None = None
    series_limit: int = 1_000_000
    late: timedelta = timedelta(minutes=10)
    host_metrics: bool = True
    queries: QueryLimits = QueryLimits()
    promql_features: frozenset[str] = features.ALL
    code_cache: Path | None = None

"""What telemetry is set to and what it can do: `status/config`, `status/flags`, `features`.

https://prometheus.io/docs/prometheus/latest/querying/api/#config
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from watchbill.telemetry.config import TelemetryConfig
from watchbill.telemetry.http.answers import success
from watchbill.telemetry.promql import engine, features
from watchbill.telemetry.promql.durations import format_duration
from watchbill.telemetry.promql.signatures import SIGNATURES
from watchbill.telemetry.scrape.loop import Scraper

_SECRETS = frozenset((
    "password", "credentials", "bearer_token", "client_secret", "secret_key", "secrets", "token",
))  # fmt: skip
_IN_URL = re.compile(r"(?<=://)[^/\s]*:[^/\s]*(?=@)")


def routes(config: TelemetryConfig, scraper: Scraper) -> list[Route]:
    """`status/config`, `status/flags`, `features`."""
    shown = _ShownConfig(config.scrape_config)

    async def configuration(_: Request) -> Response:
        valid = scraper.config_error is None
        return success({"yaml": await run_in_threadpool(shown.text, valid=valid)})

    async def flags(_: Request) -> Response:
        return success(_flags(config))

    async def able(_: Request) -> Response:
        return success(features_told(config.promql_features))

    return [
        Route("/api/v1/status/config", configuration),
        Route("/api/v1/status/flags", flags),
        Route("/api/v1/features", able),
    ]


def _flags(config: TelemetryConfig) -> dict[str, str]:
    """Settings, under the names of the Prometheus flags that mean the same."""
    limits = config.queries
    return {
        "web.listen-address": f"{config.host}:{config.port}",
        "web.enable-remote-write-receiver": "true",
        "web.enable-admin-api": "false",
        "web.enable-lifecycle": "false",
        "storage.tsdb.path": str(config.folder),
        "storage.tsdb.retention.time": _duration(config.retention),
        "query.timeout": _duration(limits.timeout),
        "query.max-concurrency": str(limits.at_once),
        "query.max-samples": str(limits.samples),
        "query.lookback-delta": format_duration(engine.DEFAULT_LOOKBACK_MS),
    }


def _duration(length: timedelta) -> str:
    return format_duration(round(length.total_seconds() * 1000))


def features_told(enabled: frozenset[str]) -> dict[str, dict[str, bool]]:
    """What `features` answers when these of `promql.features` are enabled."""
    extended, functions = features.RANGES in enabled, features.FUNCTIONS in enabled
    return {
        "api": {
            "admin": False, "exclude_alerts": False, "exemplars": True, "federation": True,
            "label_values_match": True, "lifecycle": False, "query_stats": True,
            "query_warnings": True, "remote_write_receiver": True,
        },
        "promql": {
            "anchored": extended, "at_modifier": True,
            "duration_expr": features.DURATIONS in enabled,
            "experimental_functions": functions, "negative_offset": True, "offset": True,
            "per_step_stats": False, "smoothed": extended, "subqueries": True,
        },
        "promql_functions": {
            name: functions or name not in features.EXPERIMENTAL for name in sorted(SIGNATURES)
        },
    }  # fmt: skip


class _ShownConfig:
    """The scrape configuration in force, without its secrets."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._shown = ""

    def text(self, *, valid: bool) -> str:
        """As YAML. While the file is not `valid`, what it was when it last was."""
        if valid:
            try:
                self._shown = yaml.safe_dump(
                    without_secrets(yaml.safe_load(self._path.read_text()) or {}), sort_keys=False
                )
            except FileNotFoundError:
                self._shown = ""
            except (OSError, ValueError, yaml.YAMLError):
                pass  # it is being written
        return self._shown


def without_secrets(value: Any) -> Any:
    """A configuration whose passwords and tokens read `<secret>`, as Prometheus shows them."""
    match value:
        case dict():
            return {
                key: "<secret>" if key in _SECRETS and inner else without_secrets(inner)
                for key, inner in value.items()
            }
        case list():
            return [without_secrets(inner) for inner in value]
        case str():
            return _IN_URL.sub("<secret>", value)
        case _:
            return value

"""Numbers from telemetry, by the Prometheus HTTP API: any compatible engine answers."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings

TIMEOUT = 10.0  # seconds


class NoAnswer(Exception):
    """Telemetry did not answer, or not with numbers; the message says why."""


@dataclass(frozen=True)
class Sample:
    """One series' value now."""

    labels: Mapping[str, str]
    value: float

    def __str__(self) -> str:
        inside = ", ".join(f'{k}="{v}"' for k, v in self.labels.items() if k != "__name__")
        name = self.labels.get("__name__", "")
        return f"{name}{{{inside}}} {self.value:g}" if inside else f"{name} {self.value:g}".strip()


Query = Callable[[str], list[Sample]]


def query(expression: str) -> list[Sample]:
    """The instant value of a PromQL expression: a scalar is one sample. Raises NoAnswer."""
    token = settings.TELEMETRY_TOKEN
    try:
        answer = httpx.post(
            f"{settings.TELEMETRY_URL.rstrip('/')}/api/v1/query",
            data={"query": expression},
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=TIMEOUT,
        )
        body = answer.json()
    except httpx.HTTPError as error:
        raise NoAnswer(f"telemetry does not answer: {error}") from error
    except ValueError:
        raise NoAnswer(f"telemetry answered {answer.status_code} without JSON") from None
    if not isinstance(body, dict) or body.get("status") != "success":
        said = body.get("error") if isinstance(body, dict) else None
        raise NoAnswer(f"telemetry refused the query: {said or answer.status_code}")
    return list(_samples(body.get("data") or {}))


def holds(samples: list[Sample]) -> bool:
    """Whether a check with this result passes: something came back, and none of it is zero."""
    return bool(samples) and all(s.value != 0 and not math.isnan(s.value) for s in samples)


def _samples(data: Mapping[str, Any]) -> list[Sample]:
    kind, result = data.get("resultType"), data.get("result", [])
    try:
        if kind == "scalar":
            return [Sample({}, float(result[1]))]
        if kind == "vector":
            return [Sample(one["metric"], float(one["value"][1])) for one in result]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise NoAnswer(f"telemetry's answer cannot be read: {error}") from None
    raise NoAnswer(f"the expression gives a {kind or 'nothing'}, not numbers of now")

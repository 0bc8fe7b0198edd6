"""The query mix, and whether two servers gave the same answer."""

import json
import math
from collections.abc import Mapping

QUERIES: Mapping[str, str] = {
    "select": "node_load1",
    "select-re": 'container_memory_working_set_bytes{namespace=~"ns[12]",container!="mail"}',
    "rate": 'rate(node_cpu_seconds_total{mode!="idle"}[5m])',
    "rate-by": "sum by (job, code) (rate(http_requests_total[5m]))",
    "quantile": "histogram_quantile(0.95, sum by (job, le)"
    " (rate(http_request_duration_seconds_bucket[5m])))",
    "top": "topk(5, sum by (container) (rate(container_cpu_usage_seconds_total[5m])))",
    "avg-over": "avg by (namespace) (avg_over_time(container_memory_working_set_bytes[15m]))",
    "ratio": 'sum by (job) (rate(http_requests_total{code="500"}[5m]))'
    " / on (job) sum by (job) (rate(http_requests_total[5m]))",
    "join": "sum by (instance) (rate(http_requests_total[5m]))"
    " * on (instance) group_left (version, team) build_info",
    "compare": "node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.5",
    "offset": "sum(increase(http_requests_total[10m]))"
    " - sum(increase(http_requests_total[10m] offset 1h))",
    "subquery": "max_over_time(sum by (job) (rate(http_requests_total[5m]))[30m:1m])",
    "absent": 'absent(nonexistent_metric{job="x"})',
    "wide": "rate(http_request_duration_seconds_bucket[5m])",
}
"""Name and text. Each is asked at the end of the data (instant) and over all of it (range)."""

TOLERANCE = 1e-9


def read(body: bytes) -> dict[tuple[tuple[str, str], ...], dict[float, float]]:
    """The samples of an answer by labels and time."""
    answer = json.loads(body)
    if answer["status"] != "success":
        raise SystemExit(f"a query failed: {answer}")
    return {
        tuple(sorted(series["metric"].items())): {
            round(at, 3): float(value) for at, value in series.get("values") or [series["value"]]
        }
        for series in answer["data"]["result"]
    }


def difference(left: bytes, right: bytes) -> str:
    """How two answers differ beyond rounding; empty when they do not."""
    ours, theirs = read(left), read(right)
    if ours.keys() != theirs.keys():
        return f"{len(ours)} and {len(theirs)} series, {len(ours.keys() & theirs.keys())} in common"
    cells = missing = far = 0
    for labels, samples in ours.items():
        others = theirs[labels]
        for at in samples.keys() | others.keys():
            cells += 1
            if at not in samples or at not in others:
                missing += 1
            elif not _close(samples[at], others[at]):
                far += 1
    return f"{far} values and {missing} presences of {cells}" if far or missing else ""


def _close(a: float, b: float) -> bool:
    same = a == b or (math.isnan(a) and math.isnan(b))
    return same or abs(a - b) <= TOLERANCE * max(abs(a), abs(b))

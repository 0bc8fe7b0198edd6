"""A native histogram in writing, as `count_values` puts it into a label."""

from collections.abc import Iterator

from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.numbers import format_short

from .layout import is_custom, ranges


def closed_buckets(histogram: Histogram) -> Iterator[tuple[bool, float, float, bool, float]]:
    """Buckets that hold something: lower bound belongs to it, bounds, upper belongs, count."""
    found = ranges(histogram)
    custom = is_custom(histogram)
    columns = (found.lower.tolist(), found.upper.tolist(), found.counts.tolist())
    for lower, upper, count in zip(*columns, strict=True):
        if count == 0:
            continue
        if custom:
            yield lower == float("-inf"), lower, upper, True, count
        else:
            yield lower < 0, lower, upper, upper > 0, count


def describe(histogram: Histogram) -> str:
    """`{count:4, sum:5, (0.5,1]:1, (1,2]:3}`."""
    parts = [f"count:{format_short(histogram.count)}", f"sum:{format_short(histogram.sum)}"]
    for left, lower, upper, right, count in closed_buckets(histogram):
        bounds = f"{format_short(lower)},{format_short(upper)}"
        parts.append(f"{'[' if left else '('}{bounds}{']' if right else ')'}:{format_short(count)}")
    return "{" + ", ".join(parts) + "}"

"""Native histograms in test scripts: their notation, and what a Prometheus makes of them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from watchbill.telemetry.promql.histogram import CUSTOM_BOUNDS, Buckets, Histogram
from watchbill.telemetry.promql.native.arithmetic import difference, is_reset, total
from watchbill.telemetry.promql.numbers import parse_number

Labels = dict[str, str]

_NOTATION = re.compile(
    r"\{\{(?P<first>.*?)\}\}(?:\s*(?P<sign>[+-])\s*\{\{(?P<step>.*?)\}\})?(?:x(?P<times>\d+))?"
)
_FIELD = re.compile(r"(\w+):(\[[^\]]*\]|\S+)")
_SUFFIXES = ("_bucket", "_count", "_sum")


@dataclass(frozen=True, eq=False)
class Written(Histogram):
    """A histogram as a script has it; `says_hint` tells that the hint was written down."""

    says_hint: bool = False


def histograms(item: str) -> list[Histogram]:
    """`{{…}}`, repeated `x5`, or with another added each time: `{{…}}+{{…}}x5`."""
    match = _NOTATION.fullmatch(item)
    if not match:
        raise ValueError(f"not a histogram: {item}")
    out = [_histogram(match["first"])]
    step = _histogram(match["step"]) if match["sign"] else None
    for _ in range(int(match["times"] or 0)):
        last = out[-1]
        if step is None:
            out.append(last)
            continue
        combined = total([last, step]) if match["sign"] == "+" else difference(last, step)
        out.append(combined.histogram)
    return out


def _histogram(text: str) -> Histogram:
    given = dict(_FIELD.findall(text))
    if re.sub(_FIELD, "", text).strip():
        raise ValueError(f"not understood: {text}")

    def numbers(name: str) -> "np.ndarray":
        return np.array([parse_number(item) for item in given.get(name, "[]")[1:-1].split()], float)

    def buckets(name: str, offset: str) -> Buckets:
        counts = numbers(name)
        return Buckets(int(given.get(offset, 0)) + np.arange(len(counts), dtype=np.int32), counts)

    def number(name: str) -> float:
        return parse_number(given.get(name, "0"))

    return Written(
        int(given.get("schema", 0)), number("count"), number("sum"),
        number("z_bucket_w"), number("z_bucket"),
        buckets("buckets", "offset"), buckets("n_buckets", "n_offset"),
        numbers("custom_values"), given.get("counter_reset_hint", "unknown"),
        says_hint="counter_reset_hint" in given,
    )  # fmt: skip


def stored(samples: Iterable[float | Histogram]) -> list[float | Histogram]:
    """With the hints that reading from Prometheus's chunks gives: nothing is known of a first.

    A chunk goes on as long as the buckets are the same and nothing was reset.
    """
    out: list[float | Histogram] = []
    previous: Histogram | None = None
    for sample in samples:
        if not isinstance(sample, Histogram):
            out.append(sample)
            previous = None
            continue
        hint = sample.hint
        if hint != "gauge":
            asked = replace(sample, hint="reset" if hint == "reset" else "unknown")
            goes_on = previous is not None and _alike(sample, previous)
            goes_on = goes_on and not is_reset(asked, previous)
            hint = "not_reset" if goes_on else "unknown"
        out.append(replace(sample, hint=hint))
        previous = sample
    return out


def _alike(sample: Histogram, previous: Histogram) -> bool:
    return (
        sample.schema == previous.schema
        and sample.zero_threshold == previous.zero_threshold
        and np.array_equal(sample.bounds, previous.bounds)
        and previous.hint != "gauge"
    )


def from_classic(
    series: Iterable[tuple[Labels, Mapping[int, float]]],
) -> list[tuple[Labels, dict[int, Histogram]]]:
    """Histograms with custom bounds from `_bucket`, `_count` and `_sum` series."""
    parts: dict[tuple[tuple[str, str], ...], dict[str, dict]] = {}
    for labels, samples in series:
        name = labels.get("__name__", "")
        suffix = next((end for end in _SUFFIXES if name.endswith(end)), None)
        if suffix is None or (suffix == "_bucket" and "le" not in labels):
            continue
        rest = {**labels, "__name__": name.removesuffix(suffix)}
        bound = float(rest.pop("le")) if suffix == "_bucket" else None
        own = parts.setdefault(tuple(sorted(rest.items())), {end: {} for end in _SUFFIXES})
        for at, value in samples.items():
            if bound is None:
                own[suffix][at] = value
            else:
                own[suffix].setdefault(at, {}).setdefault(bound, value)
    out = []
    for labels, own in parts.items():
        made = {
            at: _custom(buckets, own["_count"].get(at), own["_sum"].get(at, 0.0))
            for at, buckets in own["_bucket"].items()
        }
        if made:
            out.append((dict(labels), {at: one for at, one in made.items() if one is not None}))
    return out


def _custom(buckets: dict[float, float], count: float | None, total_: float) -> Histogram | None:
    bounds = sorted(buckets)
    cumulative = [buckets[bound] for bound in bounds]
    if count is None:
        count = cumulative[-1]
    if bounds[-1] != np.inf:
        bounds.append(np.inf)
        cumulative.append(count)
    counts = np.diff(cumulative, prepend=0.0)
    if (counts < 0).any():
        return None
    index = np.arange(len(counts), dtype=np.int32)
    return Histogram(
        CUSTOM_BOUNDS, count, total_,
        positive=Buckets(index, counts), bounds=np.array(bounds[:-1], float),
    )  # fmt: skip

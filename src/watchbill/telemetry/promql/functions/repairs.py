"""What is told of classic histograms whose buckets did not ascend, and were made to."""

from dataclasses import dataclass, field

import numpy as np

from watchbill.telemetry.promql.ast import Span
from watchbill.telemetry.promql.kernels.buckets import Repairs
from watchbill.telemetry.promql.numbers import format_short
from watchbill.telemetry.promql.scope import Scope
from watchbill.telemetry.promql.storage import Times

from .native import of_metric

_URL = "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile"


@dataclass
class _Span:
    """Over all repaired samples of a metric: their bounds, largest drop, number and times (ms)."""

    lowest: float = np.inf
    highest: float = -np.inf
    drop: float = 0.0
    samples: int = 0
    first: int = 2**62
    last: int = -(2**62)

    def add(self, repairs: Repairs, at: Times) -> None:
        """Take some in."""
        self.lowest = min(self.lowest, float(repairs.lowest.min()))
        self.highest = max(self.highest, float(repairs.highest.max()))
        self.drop = max(self.drop, float(repairs.drop.max()))
        self.samples += len(at)
        self.first, self.last = min(self.first, int(at.min())), max(self.last, int(at.max()))

    def __str__(self) -> str:
        first, last = (np.datetime64(int(ms / 1000), "s") for ms in (self.first, self.last))
        return (
            f", from buckets {format_short(self.lowest)} to {format_short(self.highest)}, with a"
            f" max diff of {self.drop:.2g}, over {self.samples} samples from {first}Z to {last}Z"
        )


@dataclass
class RepairNotes:
    """Gathers the repairs of one call, by metric."""

    by_metric: dict[str, _Span] = field(default_factory=dict)

    def add(self, repairs: Repairs, metrics: list[str], at: Times) -> None:
        """Histogram k of a batch belongs to `metrics[k]` and was taken at `at[k]` (ms)."""
        needed = np.flatnonzero(repairs.needed)
        rows: dict[str, list[int]] = {}
        for row in needed.tolist():
            rows.setdefault(metrics[row], []).append(row)
        for metric, own in rows.items():
            self.by_metric.setdefault(metric, _Span()).add(repairs.take(np.array(own)), at[own])

    def tell(self, scope: Scope, span: Span) -> None:
        """One info for each metric."""
        for metric, repaired in self.by_metric.items():
            scope.query.inform(
                f"input to histogram_quantile needed to be fixed for monotonicity (see {_URL})"
                f"{of_metric(metric)}{repaired}",
                span,
            )

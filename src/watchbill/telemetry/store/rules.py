"""Which samples are taken: order, age, duplicates; as Prometheus, with a window for late ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from watchbill.telemetry.store.head import Columns, Head

LATE_MS = 10 * 60_000
"""A sample may be this much older than the newest one of its series."""
EARLY_MS = 10 * 60_000
"""A sample may be this far in the future (as Prometheus's scrape loop allows)."""

OUT_OF_ORDER = "out of order sample"
DUPLICATE = "duplicate sample for timestamp"
TOO_OLD = "out of bounds: older than the retention"
TOO_EARLY = "out of bounds: too far in the future"


@dataclass(frozen=True)
class Verdict:
    """What became of a batch. Repeated samples (same time, same value) count as taken."""

    taken: int
    refused: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """For the reply to a sender."""
        return "; ".join(f"{reason} ({count} refused)" for reason, count in self.refused.items())


def judge(
    batch: Columns, head: Head, now_ms: int, oldest_ms: int, *, backfill: bool
) -> tuple[Columns, Verdict]:
    """Sort a batch and keep what may be stored.

    `backfill` lifts the rules of order, because history arrives while the same series live on. So
    does a newest sample that would be refused now: the clock was put back since it came.
    """
    given = len(batch)
    batch = batch.ordered()
    newest = head.newest(batch.slots)
    refused: dict[str, int] = {}
    keep = np.ones(len(batch), np.bool_)

    def refuse(which: np.ndarray, reason: str) -> None:
        which &= keep
        if which.any():
            refused[reason] = int(which.sum())
            np.logical_and(keep, ~which, out=keep)

    refuse(batch.t < oldest_ms, TOO_OLD)
    refuse(batch.t > now_ms + EARLY_MS, TOO_EARLY)
    again = batch.t == newest
    if again.any():
        bits = batch.v.view(np.uint64) == head.newest_value(batch.slots).view(np.uint64)
        if not backfill:
            refuse(again & ~bits, DUPLICATE)
        keep &= ~(again & bits)
    if not backfill:
        set_back = newest > now_ms + EARLY_MS
        refuse((newest - batch.t > LATE_MS) & ~set_back, OUT_OF_ORDER)
    return batch.where(keep), Verdict(given - sum(refused.values()), refused)

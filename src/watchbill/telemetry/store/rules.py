"""Which samples are taken: order, age, duplicates; as Prometheus, with a window for late ones."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.store.head import Columns, Head

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


@dataclass(frozen=True)
class Limits:
    """The times, in ms, that hold for one batch: now, the oldest that is kept, and how much older
    than the newest sample of its series a sample may be."""

    now: int
    oldest: int
    late: int


def judge(batch: Columns, head: Head, limits: Limits, *, backfill: bool) -> tuple[Columns, Verdict]:
    """Sort a batch and keep what may be stored.

    A sample for a time that the batch or the head holds already is dropped and counts as taken
    when it is the same to the bit, and is refused otherwise. `backfill` lifts the rules of order,
    because history arrives while the same series live on: there the first value for a time stays.
    So does a newest sample that would be refused now: the clock was put back since it came.
    """
    given = len(batch)
    batch = fingerprinted(batch).sorted()
    newest = head.newest(batch.slots)
    bits = batch.v.view(np.uint64)
    refused: dict[str, int] = {}
    keep = np.ones(given, np.bool_)

    def refuse(which: NDArray[np.bool_], reason: str) -> None:
        which &= keep
        if which.any():
            refused[reason] = int(which.sum())
            np.logical_and(keep, ~which, out=keep)

    def compare(again: NDArray[np.bool_], same: NDArray[np.bool_]) -> None:
        if not backfill:
            refuse(again & ~same, DUPLICATE)
        np.logical_and(keep, ~again, out=keep)

    refuse(batch.t < limits.oldest, TOO_OLD)
    refuse(batch.t > limits.now + EARLY_MS, TOO_EARLY)
    repeated = batch.repeated()
    if repeated.any():
        compare(repeated, np.append(False, bits[1:] == bits[:-1]))
    again = batch.t == newest
    if again.any():
        compare(again, bits == head.newest_value(batch.slots).view(np.uint64))
    older = batch.t < newest
    if older.any() and not backfill:
        set_back = newest > limits.now + EARLY_MS
        refuse(older & (newest - batch.t > limits.late) & ~set_back, OUT_OF_ORDER)
        compare(*_held(batch, older & keep, head))
    return batch.where(keep), Verdict(given - sum(refused.values()), refused)


def fingerprinted(batch: Columns) -> Columns:
    """With a digest of each histogram as its value, so that values tell duplicates for all."""
    if batch.h is None:
        return batch
    v = batch.v.copy()
    for row in np.flatnonzero(batch.h.astype(np.bool_)):
        digest = hashlib.blake2b(batch.h[row].pack(), digest_size=8).digest()
        v[row] = np.frombuffer(digest, "<f8")[0]
    return replace(batch, v=v)


def _held(
    batch: Columns, which: NDArray[np.bool_], head: Head
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For some samples: is there one in the head for the same series and time, and the same one?"""
    again, same = np.zeros(len(batch), np.bool_), np.zeros(len(batch), np.bool_)
    rows = np.flatnonzero(which)
    if not len(rows):
        return again, same
    slots, t = batch.slots[rows], batch.t[rows]
    begin, end = int(t.min()), int(t.max())
    series = np.unique(slots)
    held = head.gather(series, begin, end)
    if not len(held):
        return again, same
    span = end - begin + 1
    keys = np.searchsorted(series, held.slots) * span + (held.t - begin)
    wanted = np.searchsorted(series, slots) * span + (t - begin)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    again[rows] = keys[at] == wanted
    same[rows] = held.v.view(np.uint64)[at] == batch.v.view(np.uint64)[rows]
    return again, same

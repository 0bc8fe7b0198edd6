"""What a decoder makes of one body: samples for the store, and what comes with them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from watchbill.telemetry.exemplars import Exemplar
from watchbill.telemetry.intake.metadata import Metadata
from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.storage import STALE, is_stale
from watchbill.telemetry.store.head import Columns


class Refusals:
    """What was refused of a body that is good otherwise: counted by reason, the first told."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, reason: str, example: str, count: int = 1) -> None:
        """Refuse; `reason` is one of few words, `example` says which it was."""
        if count:
            self.counts[reason] += count
            self._first.setdefault(reason, example[:200])

    def __bool__(self) -> bool:
        """Whether anything was refused."""
        return bool(self.counts)

    def __str__(self) -> str:
        """For the reply to a sender."""
        return "; ".join(
            f"{reason} ({count} refused, the first: {self._first[reason]})"
            for reason, count in self.counts.items()
        )


@dataclass
class Batch:
    """A decoded body. Slots are those of the series index; numbers and native histograms stand
    apart where a sender is told of both."""

    samples: Columns
    histograms: Columns = field(default_factory=Columns.empty)
    exemplars: Sequence[tuple[int, Exemplar]] = ()
    metadata: dict[str, Metadata] = field(default_factory=dict)
    refused: Refusals = field(default_factory=Refusals)


class Gathering:
    """Samples as they come out of a body, one after the other."""

    def __init__(self) -> None:
        self._slots: list[int] = []
        self._t: list[int] = []
        self._v: list[float] = []
        self._histogram_slots: list[int] = []
        self._histogram_t: list[int] = []
        self._histograms: list[Histogram] = []

    def number(self, slot: int, t_ms: int, value: float) -> None:
        """A number."""
        self._slots.append(slot)
        self._t.append(t_ms)
        self._v.append(value)

    def histogram(self, slot: int, t_ms: int, histogram: Histogram) -> None:
        """A native histogram; one whose sum says so is the end of its series."""
        if is_stale(np.array([histogram.sum]))[0]:
            self.number(slot, t_ms, STALE)
            return
        self._histogram_slots.append(slot)
        self._histogram_t.append(t_ms)
        self._histograms.append(histogram)

    def numbers(self) -> Columns:
        """The numbers as columns."""
        return _columns(self._slots, self._t, np.array(self._v, np.float64))

    def histograms(self) -> Columns:
        """The native histograms as columns."""
        if not self._histograms:
            return Columns.empty()
        held = np.empty(len(self._histograms), np.object_)
        held[:] = self._histograms
        none = np.full(len(held), np.nan)
        return _columns(self._histogram_slots, self._histogram_t, none, held)


def _columns(slots: list[int], t: list[int], v: np.ndarray, h: np.ndarray | None = None) -> Columns:
    return Columns(np.array(slots, np.int64), np.array(t, np.int64), v, h)

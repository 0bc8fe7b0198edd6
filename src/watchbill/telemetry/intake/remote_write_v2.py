"""Prometheus remote write 2.0: a snappy block holding an `io.prometheus.write.v2.Request`.

Strings stand once per body in a table, and everything else refers to them. A series that is wrong
is refused and the others are taken. Start timestamps are read and not kept: the store has no place
for them. Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/
"""

from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np

from watchbill.telemetry.exemplars import Exemplar
from watchbill.telemetry.intake.batch import Batch, Gathering, Refusals
from watchbill.telemetry.intake.messages import Messages
from watchbill.telemetry.intake.metadata import TYPES, Metadata, family_of
from watchbill.telemetry.intake.native_histogram import MESSAGES, BadHistogramError, from_message
from watchbill.telemetry.intake.protobuf import LENGTH, MalformedError, fields, text
from watchbill.telemetry.intake.remote_write import (
    BAD_LABELS,
    KNOWN_LIMIT,
    LIMIT,
    decompress,
)
from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.storage import METRIC_NAME, Labels, labels_of
from watchbill.telemetry.store.head import Columns
from watchbill.telemetry.store.index import SeriesLimitError

Texts = tuple[str, ...]
"""Names and values in turn, as a series' references say."""

_SYMBOLS, _SERIES = 4, 5
_OF_VERSION_1 = (1, 3)
_MESSAGES = Messages("watchbill.write.v2", {
    **MESSAGES,
    "TimeSeries": "repeated uint32 labels_refs = 1; repeated Sample samples = 2;"
    "repeated Histogram histograms = 3; repeated Exemplar exemplars = 4; Metadata metadata = 5;"
    "int64 created_timestamp = 6",
    "Sample": "double value = 1; int64 timestamp = 2; int64 start_timestamp = 3",
    "Exemplar": "repeated uint32 labels_refs = 1; double value = 2; int64 timestamp = 3",
    "Metadata": "int32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4",
})  # fmt: skip

MAX_PLAIN_BYTES = 16 << 20
"""Of a body after decompression; senders' usual ones have less than 1 MiB."""

MAX_ENTRIES = 1_000_000
"""Samples, histograms and exemplars of a body together."""

BAD_HISTOGRAM = "invalid native histogram"
NOTHING = "neither samples nor histograms"
BAD_REFERENCE = "reference beyond the symbols"


class RemoteWriteV2Decoder:
    """Bodies → columns. `intern` gives the slot of a label set. Not safe for threads."""

    def __init__(self, intern: Callable[[Labels], int]) -> None:
        self._intern = intern
        self._known: dict[Texts, int] = {}

    def decode(self, body: bytes) -> Batch:
        """Read a compressed body. Raises `MalformedError`; no series is made then."""
        data = decompress(body, MAX_PLAIN_BYTES)
        if len(self._known) >= KNOWN_LIMIT:
            self._known.clear()
        reading = _Reading(_symbols(data), self._known)
        place = 0
        for number, _, start, end in fields(data, 0, len(data)):
            if number == _SERIES:
                reading.series(_MESSAGES.read("TimeSeries", data[start:end]), place)
                place += 1
        return reading.batch(self._slot)

    def forget(self) -> None:
        """Slots known so far may mean nothing any more."""
        self._known.clear()

    def _slot(self, texts: Texts) -> int:
        slot = self._known.get(texts)
        if slot is None:
            labels = labels_of(dict(zip(texts[::2], texts[1::2], strict=True)))
            slot = self._known[texts] = self._intern(labels)
        return slot


class _Reading:
    """One body; series are numbered here as they come, and become slots when all is read."""

    def __init__(self, symbols: Sequence[str], known: Container[Texts]) -> None:
        self._symbols, self._known = symbols, known
        self._order: dict[Texts, int] = {}
        self._rows: list[int] = []
        self._t: list[int] = []
        self._v: list[float] = []
        self._histograms: list[tuple[int, int, Histogram]] = []
        self._exemplars: list[tuple[int, Exemplar]] = []
        self._metadata: dict[str, Metadata] = {}
        self._described: set[str] = set()
        self._refused = Refusals()
        self._entries = 0

    def series(self, message: Any, place: int) -> None:
        """Take in one series, or refuse it. Raises `MalformedError` when it is too much."""
        samples, histograms, exemplars = message.samples, message.histograms, message.exemplars
        count = max(1, len(samples) + len(histograms))
        self._entries += count + len(exemplars)
        if self._entries > MAX_ENTRIES:
            raise MalformedError(f"more than {MAX_ENTRIES} samples in one body")
        try:
            texts = self._texts(message.labels_refs)
            row = self._order.get(texts)
            if row is None:
                if texts not in self._known:
                    _check(texts)
                row = self._order[texts] = len(self._order)
        except ValueError as error:
            self._refused.add(BAD_LABELS, f"series {place}: {error}", count)
            return
        if not (samples or histograms):
            self._refused.add(NOTHING, f"series {place}")
        for sample in samples:
            self._rows.append(row)
            self._t.append(sample.timestamp)
            self._v.append(sample.value)
        for histogram in histograms:
            try:
                self._histograms.append((row, histogram.timestamp, from_message(histogram)))
            except BadHistogramError as error:
                self._refused.add(BAD_HISTOGRAM, f"series {place}: {error}")
        metric = _metric(texts)
        try:
            if exemplars:
                self._exemplars += [(row, self._exemplar(one)) for one in exemplars]
            if metric not in self._described:
                self._describe(metric, message.metadata)
        except ValueError as error:  # which spoils no sample
            self._refused.add(BAD_REFERENCE, f"series {place}: {error}")

    def _exemplar(self, told: Any) -> Exemplar:
        pairs = self._texts(told.labels_refs)
        labels = labels_of(dict(zip(pairs[::2], pairs[1::2], strict=True)))
        return Exemplar(labels, told.value, told.timestamp)

    def _describe(self, metric: str, told: Any) -> None:
        if told.type or told.help_ref or told.unit_ref:
            self._described.add(metric)
            kind = TYPES[told.type] if 0 <= told.type < len(TYPES) else "unknown"
            help_text, unit = self._texts((told.help_ref, told.unit_ref))
            self._metadata[family_of(metric, kind)] = Metadata(kind, help_text, unit)

    def _texts(self, references: Any) -> Texts:
        symbols = self._symbols
        try:
            texts = tuple([symbols[one] for one in references])
        except IndexError:
            raise ValueError(f"a reference beyond the {len(symbols)} symbols") from None
        if len(texts) % 2:
            raise ValueError("a label name has no value")
        return texts

    def batch(self, slot_of: Callable[[Texts], int]) -> Batch:
        """Everything, with slots."""
        slots, limit = np.empty(len(self._order), np.int64), ""
        for row, texts in enumerate(self._order):
            try:
                slots[row] = slot_of(texts)
            except SeriesLimitError as error:
                slots[row], limit = -1, str(error)
        numbers = Columns(
            slots[np.array(self._rows, np.int64)],
            np.array(self._t, np.int64),
            np.array(self._v, np.float64),
        )
        gathered = Gathering()
        for row, t_ms, histogram in self._histograms:
            gathered.histogram(int(slots[row]), t_ms, histogram)
        ended, histograms = gathered.numbers(), gathered.histograms()
        parts = [part.where(part.slots >= 0) for part in (numbers, ended, histograms)]
        lost = len(numbers) + len(ended) + len(histograms) - sum(map(len, parts))
        self._refused.add(LIMIT, limit, lost)
        exemplars = [(int(slots[row]), one) for row, one in self._exemplars if slots[row] >= 0]
        return Batch(Columns.join(parts[:2]), parts[2], exemplars, self._metadata, self._refused)


def _symbols(data: bytes) -> list[str]:
    """The table of strings, wherever in the body it stands."""
    found: list[str] = []
    for number, wire, start, end in fields(data, 0, len(data)):
        if number in _OF_VERSION_1:
            raise MalformedError(
                f"field {number} at byte {start} is of remote write 1.0, but the content type says "
                "2.0"
            )
        if number in (_SYMBOLS, _SERIES) and wire != LENGTH:
            raise MalformedError(f"field {number} at byte {start} has wire type {wire}")
        if number == _SYMBOLS:
            found.append(text(data, start, end))
    return found


def _check(texts: Texts) -> None:
    """Raises `ValueError` for labels that no series can have."""
    names = texts[::2]
    if len(set(names)) != len(names):
        raise ValueError(f"a label name appears twice in {', '.join(names)}")
    if "" in names:
        raise ValueError("a label name is empty")
    if METRIC_NAME not in names or not _metric(texts):
        raise ValueError("no metric name")


def _metric(texts: Texts) -> str:
    if texts[0] == METRIC_NAME:  # as nearly always: labels are sorted
        return texts[1]
    return texts[2 * texts[::2].index(METRIC_NAME) + 1]

"""Prometheus remote write 2.0: a snappy block holding an `io.prometheus.write.v2.Request`.

Strings stand once per body in a table, and everything else refers to them. A series that is wrong
is refused and the others are taken. Start timestamps are read and not kept: the store has no place
for them. Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/
"""

from collections.abc import Callable, Sequence
from typing import Any

from watchbill.telemetry.exemplars import Exemplar
from watchbill.telemetry.intake.batch import Batch, Gathering, Refusals
from watchbill.telemetry.intake.messages import Messages
from watchbill.telemetry.intake.metadata import TYPES, Metadata, family_of
from watchbill.telemetry.intake.native_histogram import MESSAGES, BadHistogramError, from_message
from watchbill.telemetry.intake.protobuf import LENGTH, MalformedError, fields, text
from watchbill.telemetry.intake.remote_write import KNOWN_LIMIT, decompress
from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.storage import METRIC_NAME, Labels, labels_of
from watchbill.telemetry.store.index import SeriesLimitError

Texts = tuple[str, ...]
"""Names and values in turn, as a series' references say."""

_SYMBOLS, _SERIES = 4, 5
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

BAD_LABELS = "invalid labels"
BAD_HISTOGRAM = "invalid native histogram"
NOTHING = "neither samples nor histograms"
BAD_REFERENCE = "reference beyond the symbols"
LIMIT = "series limit"


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
        reading = _Reading(_symbols(data))
        place = 0
        for number, wire, start, end in fields(data, 0, len(data)):
            if number == _SERIES and wire == LENGTH:
                reading.series(_MESSAGES.read("TimeSeries", data[start:end]), f"series {place}")
                place += 1
        return reading.batch(self._slot)

    def _slot(self, texts: Texts) -> int:
        slot = self._known.get(texts)
        if slot is None:
            labels = labels_of(dict(zip(texts[::2], texts[1::2], strict=True)))
            slot = self._known[texts] = self._intern(labels)
        return slot


class _Reading:
    """One body; series are numbered here as they come, and become slots when all is read."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self._symbols = symbols
        self._order: dict[Texts, int] = {}
        self._numbers: list[tuple[int, int, float]] = []
        self._histograms: list[tuple[int, int, Histogram]] = []
        self._exemplars: list[tuple[int, Exemplar]] = []
        self._metadata: dict[str, Metadata] = {}
        self._refused = Refusals()
        self._entries = 0

    def series(self, message: Any, which: str) -> None:
        """Take in one series, or refuse it. Raises `MalformedError` when it is too much."""
        count = max(1, len(message.samples) + len(message.histograms))
        self._entries += count + len(message.exemplars)
        if self._entries > MAX_ENTRIES:
            raise MalformedError(f"more than {MAX_ENTRIES} samples in one body")
        try:
            texts = self._texts(message.labels_refs)
        except ValueError as error:
            self._refused.add(BAD_LABELS, f"{which}: {error}", count)
            return
        row = self._order.get(texts)
        if row is None:
            problem = _problem(texts)
            if problem:
                self._refused.add(BAD_LABELS, f"{which}: {problem}", count)
                return
            row = self._order[texts] = len(self._order)
        if not (message.samples or message.histograms):
            self._refused.add(NOTHING, which)
        for sample in message.samples:
            self._numbers.append((row, sample.timestamp, sample.value))
        for histogram in message.histograms:
            try:
                self._histograms.append((row, histogram.timestamp, from_message(histogram)))
            except BadHistogramError as error:
                self._refused.add(BAD_HISTOGRAM, f"{which}: {error}")
        self._describe(message, texts, which)

    def _describe(self, message: Any, texts: Texts, which: str) -> None:
        """Exemplars and metadata; a wrong one spoils no sample."""
        row, told = self._order[texts], message.metadata
        try:
            for one in message.exemplars:
                pairs = self._texts(one.labels_refs)
                labels = labels_of(dict(zip(pairs[::2], pairs[1::2], strict=True)))
                self._exemplars.append((row, Exemplar(labels, one.value, one.timestamp)))
            if told.type or told.help_ref or told.unit_ref:
                kind = TYPES[told.type] if 0 <= told.type < len(TYPES) else "unknown"
                name = family_of(_metric(texts), kind)
                if name not in self._metadata:
                    help_text, unit = self._texts((told.help_ref, told.unit_ref))
                    self._metadata[name] = Metadata(kind, help_text, unit)
        except ValueError as error:
            self._refused.add(BAD_REFERENCE, f"{which}: {error}")

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
        slots: list[int] = []
        for texts in self._order:
            try:
                slots.append(slot_of(texts))
            except SeriesLimitError as error:
                slots.append(-1)
                limit = str(error)
        gathered = Gathering()
        for row, t_ms, value in self._numbers:
            if slots[row] >= 0:
                gathered.number(slots[row], t_ms, value)
            else:
                self._refused.add(LIMIT, limit)
        for row, t_ms, histogram in self._histograms:
            if slots[row] >= 0:
                gathered.histogram(slots[row], t_ms, histogram)
            else:
                self._refused.add(LIMIT, limit)
        exemplars = [(slots[row], one) for row, one in self._exemplars if slots[row] >= 0]
        return Batch(
            gathered.numbers(), gathered.histograms(), exemplars, self._metadata, self._refused
        )


def _symbols(data: bytes) -> list[str]:
    """The table of strings, wherever in the body it stands."""
    found: list[str] = []
    for number, wire, start, end in fields(data, 0, len(data)):
        if number in (_SYMBOLS, _SERIES) and wire != LENGTH:
            raise MalformedError(f"field {number} at byte {start} has wire type {wire}")
        if number == _SYMBOLS:
            found.append(text(data, start, end))
    return found


def _problem(texts: Texts) -> str:
    """What is wrong with the labels of a series, if anything."""
    names = texts[::2]
    if len(set(names)) != len(names):
        return f"a label name appears twice in {', '.join(names)}"
    if "" in names:
        return "a label name is empty"
    return "" if METRIC_NAME in names and _metric(texts) else "no metric name"


def _metric(texts: Texts) -> str:
    return texts[2 * texts[::2].index(METRIC_NAME) + 1]

"""Prometheus remote write 1.0: a snappy block holding a protobuf `WriteRequest`.

Nearly every series in a body carries one sample and was seen before, in the same bytes. So the
bytes of its labels are looked up as a whole: by `scan` where it has machine code; until then by a
dictionary, and the samples of such series, which then have one of two fixed forms, are taken out
of the body by NumPy in one sweep. Everything else goes through the careful reader. A series whose
labels cannot be is refused and the others are taken, as Prometheus does; the sender is told.
Source: https://prometheus.io/docs/specs/prw/remote_write_spec/
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import cramjam
import numpy as np

from watchbill.telemetry.exemplars import Exemplar
from watchbill.telemetry.intake.batch import Batch, Gathering, Refusals
from watchbill.telemetry.intake.messages import Messages
from watchbill.telemetry.intake.metadata import TYPES, Metadata
from watchbill.telemetry.intake.native_histogram import (
    MESSAGES,
    BadHistogramError,
    from_message,
    read_histogram,
)
from watchbill.telemetry.intake.protobuf import (
    FIXED64,
    LENGTH,
    VARINT,
    MalformedError,
    fields,
    read_varint,
    signed,
    text,
)
from watchbill.telemetry.intake.scan import EXEMPLAR, METADATA, Scanned, Scanner, scan
from watchbill.telemetry.promql.storage import METRIC_NAME, Labels, labels_of
from watchbill.telemetry.store.head import Columns
from watchbill.telemetry.store.index import MAX_LABELS, SeriesLimitError

MAX_BODY_BYTES = 64 << 20
MAX_UNUSUAL = 500_000
"""Metadata, exemplars, histograms, and samples in none of the fixed forms, in a body together:
they may be two bytes each, and would fill the memory."""
KNOWN_LIMIT = 2_000_000
LIMIT = "series limit"
BAD_LABELS = "invalid labels"

# A sample as every sender writes it: 12 <len> 09 <double> 10 <6-byte varint of ms>. A value of
# zero is left out, as proto3 does. Six bytes hold 2004-11 to 2109-05 in ms.
_LONG, _SHORT = 18, 9
_SERIES, _METADATA = 1, 3
_OF_VERSION_2 = (4, 5)
_LABELS, _SAMPLES, _EXEMPLARS, _HISTOGRAMS = 1, 2, 3, 4
Pairs: TypeAlias = list[tuple[str, str]]
"""Names and values of a series' labels, as they stand in a body."""

_MESSAGES = Messages("watchbill.write.v1", {
    **MESSAGES,
    "Exemplar": "repeated Label labels = 1; double value = 2; int64 timestamp = 3",
    "Label": "string name = 1; string value = 2",
})  # fmt: skip


@dataclass
class _Pending:
    """What one body has given so far."""

    slots: list[int] = field(default_factory=list)
    long_at: list[int] = field(default_factory=list)
    long_slots: list[int] = field(default_factory=list)
    short_at: list[int] = field(default_factory=list)
    short_slots: list[int] = field(default_factory=list)
    t: list[int] = field(default_factory=list)
    v: list[bytes] = field(default_factory=list)
    fresh: list[tuple[bytes, Pairs, int]] = field(default_factory=list)
    metadata: dict[str, Metadata] = field(default_factory=dict)
    histograms: Gathering = field(default_factory=Gathering)
    exemplars: list[tuple[int, Exemplar]] = field(default_factory=list)
    refused: Refusals = field(default_factory=Refusals)
    unusual: int = 0

    def count_unusual(self) -> None:
        """One more of what is limited in number. Raises `MalformedError`."""
        self.unusual += 1
        if self.unusual > MAX_UNUSUAL:
            raise MalformedError(f"more than {MAX_UNUSUAL} unusual parts in one body")

    def batch(self, samples: Columns) -> Batch:
        """With these numbers; without what belongs to series that are refused."""
        histograms, exemplars = self.histograms.histograms(), self.exemplars
        if self.refused:
            samples = samples.where(samples.slots >= 0)
            histograms = histograms.where(histograms.slots >= 0)
            exemplars = [one for one in exemplars if one[0] >= 0]
        return Batch(samples, histograms, exemplars, self.metadata, self.refused)


class RemoteWriteDecoder:
    """Bodies → columns. `intern` gives the slot of a label set. Not safe for threads."""

    def __init__(self, intern: Callable[[Labels], int]) -> None:
        self._intern = intern
        self._known: dict[bytes, int] = {}
        self._scanner = Scanner()

    def decode(self, body: bytes) -> Batch:
        """Read a compressed body. Raises `MalformedError`; no series is made then."""
        return self.decode_plain(decompress(body))

    def decode_plain(self, data: bytes) -> Batch:
        """Read an uncompressed `WriteRequest`. Raises `MalformedError`."""
        scanned = self._scanner.scan(data) if scan.compiled else None
        return self._read_carefully(data) if scanned is None else self._take(data, scanned)

    def _take(self, data: bytes, scanned: Scanned) -> Batch:
        """What the scanner found, with its unknown series made known."""
        pending = _Pending()
        extra = scanned.extra.tolist()
        strange = scanned.unknown[:, :2].tolist()
        if strange:
            told = [(_pairs(data, begin, end)[0], begin) for begin, end in strange]
            _extras(data, extra, _Pending())  # a body that is refused makes no series
            slots = np.array([self._slot(*one, pending) for one in told], np.int64)
            made = slots >= 0
            self._scanner.learn(data, scanned.unknown[made], slots[made])
            scanned.resolve(slots)
            extra = scanned.extra.tolist()
        _extras(data, extra, pending)
        samples = Columns(scanned.slots, scanned.t, scanned.v)
        return pending.batch(Columns.join([samples, pending.histograms.numbers()]))

    def _read_carefully(self, data: bytes) -> Batch:
        if len(self._known) >= KNOWN_LIMIT:
            self._known.clear()
        pending = _Pending()
        self._scan(data, pending)
        if pending.fresh:
            again = _Pending()
            for key, pairs, at in pending.fresh:
                slot = self._slot(pairs, at, again)
                if slot >= 0:
                    self._known[key] = slot
            self._scan(data, again)  # they were skipped in the first pass: the whole body again
            pending = again
        samples = Columns.join(
            [
                Columns(
                    np.array(pending.slots, np.int64),
                    np.array(pending.t, np.int64),
                    np.frombuffer(b"".join(pending.v), "<f8").astype(np.float64),
                ),
                pending.histograms.numbers(),
                _sweep(data, pending.long_at, pending.long_slots, long=True),
                _sweep(data, pending.short_at, pending.short_slots, long=False),
            ]
        )
        return pending.batch(samples)

    def forget(self) -> None:
        """Slots known so far may mean nothing any more."""
        self._known.clear()
        self._scanner.clear()

    def _slot(self, pairs: Pairs, at: int, into: _Pending) -> int:
        """The slot of a new series; -1 when it is refused, and its samples with it."""
        try:
            return self._intern(_canonical(pairs))
        except SeriesLimitError as error:
            into.refused.add(LIMIT, str(error))
        except ValueError as error:
            into.refused.add(BAD_LABELS, f"the series at byte {at}: {error}")
        return -1

    def _scan(self, data: bytes, into: _Pending) -> None:
        known = self._known.get
        at, end = 0, len(data)
        while at < end:
            if data[at] != 0x0A:
                at = self._other(data, at, end, into)
                continue
            length, start = read_varint(data, at + 1, end)
            at = start + length
            if at > end:
                raise MalformedError(f"series at byte {start} reaches beyond the body")
            # Series seen before: known labels followed by exactly one sample in a fixed form.
            split = at - _LONG
            if split > start and data[split : split + 3] == b"\x12\x10\x09":
                slot = known(data[start:split])
                if slot is not None and data[at - 7] == 0x10:
                    into.long_at.append(split)
                    into.long_slots.append(slot)
                    continue
            split = at - _SHORT
            if split > start and data[split : split + 3] == b"\x12\x07\x10":
                slot = known(data[start:split])
                if slot is not None:
                    into.short_at.append(split)
                    into.short_slots.append(slot)
                    continue
            self._series(data, start, at, into)

    def _series(self, data: bytes, start: int, end: int, into: _Pending) -> None:
        """One series the careful way: labels first, then any number of samples."""
        pairs, split = _pairs(data, start, end)
        key = data[start:split]
        slot = self._known.get(key, -1)
        if slot < 0:
            into.fresh.append((key, pairs, start))
        at = split
        while at < end:
            if data[at : at + 3] == b"\x12\x10\x09" and end - at >= _LONG and data[at + 11] == 0x10:
                into.long_at.append(at)
                into.long_slots.append(slot)
                at += _LONG
            elif data[at : at + 3] == b"\x12\x07\x10" and end - at >= _SHORT:
                into.short_at.append(at)
                into.short_slots.append(slot)
                at += _SHORT
            else:
                at = self._series_field(data, at, end, slot, into)

    def _series_field(self, data: bytes, at: int, end: int, slot: int, into: _Pending) -> int:
        """A sample in unusual form, an exemplar, a histogram; returns where it ends."""
        into.count_unusual()
        number, wire, begin, finish = next(fields(data, at, end))
        if wire != LENGTH or number == _LABELS:
            raise MalformedError(f"unexpected series field {number} at byte {at}")
        if number == _SAMPLES:
            value, time = _sample(data, begin, finish)
            into.slots.append(slot)
            into.t.append(time)
            into.v.append(value)
        elif number == _EXEMPLARS:
            _exemplar(data, begin, finish, slot, into)
        elif number == _HISTOGRAMS:
            _histogram(data, begin, finish, slot, into)
        return finish

    def _other(self, data: bytes, at: int, end: int, into: _Pending) -> int:
        """A field of the body that is no series; returns where it ends."""
        into.count_unusual()
        number, wire, begin, finish = next(fields(data, at, end))
        if number == _SERIES:
            raise MalformedError(f"series at byte {at} has wire type {wire}")
        if number in _OF_VERSION_2:
            raise MalformedError(
                f"field {number} at byte {at} is of remote write 2.0, but the content type says 1.0"
            )
        if number == _METADATA and wire == LENGTH:
            _metadata(data, begin, finish, into)
        return finish


def decompress(body: bytes, limit: int = MAX_BODY_BYTES) -> bytes:
    """Undo the snappy block format. Raises `MalformedError`, also for bombs."""
    size, _ = read_varint(body, 0, len(body))
    if size > limit:
        raise MalformedError(f"body of {size} bytes exceeds the limit of {limit}")
    try:
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise MalformedError(f"snappy: {error}") from None


def _extras(data: bytes, extra: list[list[int]], into: _Pending) -> None:
    """What the scanner left to read: see `Scanned`."""
    for kind, slot, begin, end in extra:
        if kind == METADATA:
            _metadata(data, begin, end, into)
        elif kind == EXEMPLAR:
            _exemplar(data, begin, end, slot, into)
        else:
            _histogram(data, begin, end, slot, into)


def _exemplar(data: bytes, begin: int, end: int, slot: int, into: _Pending) -> None:
    one = _MESSAGES.read("Exemplar", data[begin:end])
    labels = labels_of({pair.name: pair.value for pair in one.labels})
    into.exemplars.append((slot, Exemplar(labels, one.value, one.timestamp)))


def _histogram(data: bytes, begin: int, end: int, slot: int, into: _Pending) -> None:
    try:
        message = read_histogram(_MESSAGES, data[begin:end])
        into.histograms.histogram(slot, message.timestamp, from_message(message))
    except BadHistogramError as error:
        into.refused.add("invalid native histogram", f"at byte {begin}: {error}")


def _metadata(data: bytes, begin: int, end: int, into: _Pending) -> None:
    number, texts = 0, {2: "", 4: "", 5: ""}
    for inner, wire, left, right in fields(data, begin, end):
        if inner == 1 and wire == VARINT:
            number, _ = read_varint(data, left, right)
        elif inner in texts and wire == LENGTH:
            texts[inner] = text(data, left, right)
    kind = TYPES[number] if number < len(TYPES) else "unknown"
    into.metadata[texts[2]] = Metadata(kind, texts[4], texts[5])


def _pairs(data: bytes, start: int, end: int) -> tuple[Pairs, int]:
    """The labels at the beginning of a series, and where they end. Raises `MalformedError`."""
    pairs: Pairs = []
    split = start
    while split < end and data[split] == 0x0A:
        length, begin = read_varint(data, split + 1, end)
        split = begin + length
        if split > end:
            raise MalformedError(f"label at byte {begin} reaches beyond its series")
        pairs.append(_label(data, begin, split))
        if len(pairs) > MAX_LABELS:
            raise MalformedError(f"more than {MAX_LABELS} labels in the series at byte {start}")
    return pairs, split


def _label(data: bytes, begin: int, end: int) -> tuple[str, str]:
    name = value = ""
    for number, wire, left, right in fields(data, begin, end):
        if wire != LENGTH:
            raise MalformedError(f"label field {number} at byte {left} has wire type {wire}")
        if number == 1:
            name = text(data, left, right)
        elif number == 2:
            value = text(data, left, right)
    return name, value


def _canonical(pairs: Pairs) -> Labels:
    """Sorted and without empty values. Raises `ValueError` for what no series can have."""
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError(f"duplicate label name in {_shown(pairs)}")
    if "" in names:
        raise ValueError(f"empty label name in {_shown(pairs)}")
    labels = tuple(sorted(pair for pair in pairs if pair[1]))
    if METRIC_NAME not in dict(labels):
        raise ValueError(f"no metric name in {_shown(pairs)}")
    return labels


def _shown(pairs: Pairs) -> str:
    text = "{" + ", ".join(f'{name}="{value}"' for name, value in pairs) + "}"
    return text if len(text) <= 120 else text[:120] + "…"


def _sample(data: bytes, begin: int, end: int) -> tuple[bytes, int]:
    value, time = b"\0" * 8, 0
    for number, wire, left, right in fields(data, begin, end):
        if number == 1 and wire == FIXED64:
            value = data[left:right]
        elif number == 2 and wire == VARINT:
            time = signed(read_varint(data, left, right)[0])
        elif number in (1, 2):
            raise MalformedError(f"sample field {number} at byte {left} has wire type {wire}")
    return value, time


def _sweep(data: bytes, starts: list[int], slots: list[int], *, long: bool) -> Columns:
    """Take samples of one fixed form out of the body. Raises `MalformedError`."""
    if not starts:
        return Columns.empty()
    body = np.frombuffer(data, np.uint8)
    at = np.array(starts, np.int64)
    size = _LONG if long else _SHORT
    stamps = body[at[:, None] + np.arange(size - 6, size)]
    if (stamps[:, :5] < 0x80).any() or (stamps[:, 5] >= 0x80).any():
        raise MalformedError("a sample's time is not in milliseconds of this century")
    shifts = 7 * np.arange(6, dtype=np.int64)
    t = ((stamps & 0x7F).astype(np.int64) << shifts).sum(axis=1)
    if long:
        v = body[at[:, None] + np.arange(3, 11)].view("<f8")[:, 0].astype(np.float64)
    else:
        v = np.zeros(len(at))
    return Columns(np.array(slots, np.int64), t, v)

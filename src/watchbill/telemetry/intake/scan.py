"""Remote write 1.0 at the speed of machine code, for bodies in the usual form.

Senders repeat the labels of a series in the same bytes and the series in the same order. So the
bytes of every label set seen so far are kept one after the other, and a series is first compared
with the one that followed last time; only when it is another one are its labels hashed and looked
up. A label set is taken for known only when all of its bytes are equal.

What stands outside the usual form is left to the careful reader in `remote_write`, which also
says what is wrong with a body.
"""

from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.jit import inner, kernel

KNOWN_LIMIT = 2_000_000
UNKNOWN_MOST = 1 << 16
EXTRA_MOST = 1 << 14
SMALLEST_SAMPLE = 9  # 12 07 10 and six bytes of time

Bytes: TypeAlias = NDArray[np.uint8]
Whole: TypeAlias = NDArray[np.int64]
Bits: TypeAlias = NDArray[np.uint64]

Column = TypeVar("Column", Bytes, Whole)

UNUSUAL = -1
METADATA, EXEMPLAR, HISTOGRAM = 1, 2, 3


@inner
def _length(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """A varint of up to five bytes, and where it ends; -1 for any other."""
    number = np.int64(0)
    for place in range(5):
        if at >= end:
            return -1, at
        byte = np.int64(data[at])
        at += 1
        number |= (byte & 127) << (7 * place)
        if byte < 128:
            return int(number), at
    return -1, at


@inner
def _hash(data: Bytes, start: int, end: int) -> np.int64:
    found = np.uint64(end - start)
    for at in range(start, end):
        found = (found ^ np.uint64(data[at])) * np.uint64(1099511628211)
    return np.int64((found ^ (found >> np.uint64(29))) & np.uint64(0x7FFFFFFFFFFFFFFF))


@inner
def _equal(data: Bytes, start: int, keys: Bytes, begin: int, count: int) -> bool:
    """Without a way out in the loop and with indices that cannot be negative, so that many bytes
    are compared at once."""
    here, there = np.uint64(start), np.uint64(begin)
    different = np.uint8(0)
    for at in range(np.uint64(count)):
        different |= data[here + at] ^ keys[there + at]
    return bool(different == 0)


@inner
def _sample(data: Bytes, at: int, end: int, row: int, t: Whole, v: Bits) -> bool:
    """One sample message into a row; False when its fields are not value, then time."""
    bits = np.uint64(0)
    if at < end and data[at] == 0x09:
        if at + 9 > end:
            return False
        here = np.uint64(at + 1)
        for place in range(np.uint64(8)):
            bits |= np.uint64(data[here + place]) << (np.uint64(8) * place)
        at += 9
    if at >= end or data[at] != 0x10:
        return False
    at += 1
    time = np.uint64(0)
    for place in range(10):
        if at >= end:
            return False
        byte = np.uint64(data[at])
        at += 1
        time |= (byte & np.uint64(127)) << np.uint64(7 * place)
        if byte < np.uint64(128):
            break
        if place == 9:
            return False
    t[row] = np.int64(time)
    v[row] = bits
    return at == end


@inner
def _labels_end(data: Bytes, start: int, end: int) -> int:
    """Where the labels of a series end; -1 when that cannot be told, or there are none."""
    at = start
    while at < end and data[at] == 0x0A:
        size, at = _length(data, at + 1, end)
        if size < 0 or at + size > end:
            return -1
        at += size
    return int(at) if at > start else -1


@inner
def _find(
    data: Bytes, start: int, end: int, keys: Bytes, series: Whole, table: Whole, key: np.int64
) -> int:
    """Which known series has these bytes as its labels; -1 for none."""
    mask = len(table) - 1
    place = key & mask
    while table[place] >= 0:
        one = table[place]
        if (
            series[one, 0] == key
            and series[one, 2] == end - start
            and _equal(data, start, keys, series[one, 1], end - start)
        ):
            return int(one)
        place = (place + 1) & mask
    return -1


@inner
def _series(
    data: Bytes, at: int, end: int, slot: int,
    slots: Whole, t: Whole, v: Bits, extra: Whole, counts: Whole,
) -> bool:  # fmt: skip
    """What follows the labels of a series; False when it is not as usual."""
    while at < end:
        tag = data[at]
        length, begin = _length(data, at + 1, end)
        if length < 0 or begin + length > end:
            return False
        at = begin + length
        if tag == 0x12:
            row = counts[0]
            if row >= len(t) or not _sample(data, begin, at, row, t, v):
                return False
            slots[row] = slot
            counts[0] = row + 1
        elif tag == 0x1A or tag == 0x22:
            if not _extra(EXEMPLAR if tag == 0x1A else HISTOGRAM, slot, begin, at, extra, counts):
                return False
        else:
            return False
    return True


@inner
def _extra(kind: int, slot: int, begin: int, end: int, extra: Whole, counts: Whole) -> bool:
    row = counts[2]
    if row >= len(extra):
        return False
    extra[row, 0] = kind
    extra[row, 1] = slot
    extra[row, 2] = begin
    extra[row, 3] = end
    counts[2] = row + 1
    return True


@kernel(
    "uint8[:]", "uint8[:]", "int64[:,:]", "int64", "int64[:]",
    "int64[:]", "int64[:]", "uint64[:]", "int64[:,:]", "int64[:,:]", "int64[:]",
)  # fmt: skip
def scan(
    data: Bytes, keys: Bytes, series: Whole, known: int, table: Whole,
    slots: Whole, t: Whole, v: Bits, unknown: Whole, extra: Whole, counts: Whole,
) -> int:  # fmt: skip
    """Read a body. `series` holds hash, begin and length in `keys`, and slot of each known one.

    Fills `slots`, `t`, `v` per sample; a slot of -1 - n means the n-th row of `unknown` (begin, end
    and hash of its labels). `extra` gets kind, slot, begin and end of what is no sample. `counts`
    gets how many samples, unknown and extra ones there are, and carries the guess from body to
    body. Returns 0, or `UNUSUAL`.
    """
    for row in range(3):
        counts[row] = 0
    end, at = len(data), 0
    while at < end:
        tag = data[at]
        length, start = _length(data, at + 1, end)
        if length < 0 or start + length > end:
            return UNUSUAL
        at = start + length
        if tag == 0x1A:
            if not _extra(METADATA, 0, start, at, extra, counts):
                return UNUSUAL
            continue
        if tag != 0x0A:
            return UNUSUAL
        guess = counts[3]
        split = start + series[guess, 2] if guess < known else end + 1
        if not (
            split <= at
            and (split == at or data[split] != 0x0A)
            and _equal(data, start, keys, series[guess, 1], split - start)
        ):
            split = _labels_end(data, start, at)
            if split < 0:
                return UNUSUAL
            key = _hash(data, start, split)
            guess = _find(data, start, split, keys, series, table, key)
        if guess >= 0:
            slot = series[guess, 3]
            counts[3] = guess + 1
        else:
            row = counts[1]
            if row >= len(unknown):
                return UNUSUAL
            unknown[row, 0] = start
            unknown[row, 1] = split
            unknown[row, 2] = key
            counts[1] = row + 1
            slot = -1 - row
        if not _series(data, split, at, slot, slots, t, v, extra, counts):
            return UNUSUAL
    return 0


@kernel("int64[:,:]", "int64", "int64", "int64[:]")
def enter(series: Whole, begin: int, end: int, table: Whole) -> int:
    """Put the series from `begin` to `end` into the table, whose length is a power of two."""
    mask = len(table) - 1
    for one in range(begin, end):
        place = series[one, 0] & mask
        while table[place] >= 0:
            place = (place + 1) & mask
        table[place] = one
    return end - begin


@dataclass(frozen=True)
class Scanned:
    """What a body holds. Slots of -1 - n, here and in `extra`, mean the n-th of `unknown`: begin,
    end and hash of label bytes. `extra` has rows of kind, slot, begin and end."""

    slots: NDArray[np.int64]
    t: NDArray[np.int64]
    v: NDArray[np.float64]
    unknown: NDArray[np.int64]
    extra: NDArray[np.int64]

    def resolve(self, known: NDArray[np.int64]) -> None:
        """Replace what stands for unknown series by their slots."""
        for slots in (self.slots, self.extra[:, 1]):
            strange = slots < 0
            slots[strange] = known[-1 - slots[strange]]


class Scanner:
    """Knows the label bytes of series and their slots. Not safe for threads."""

    def __init__(self) -> None:
        self._unknown = np.empty((UNKNOWN_MOST, 3), np.int64)
        self._extra = np.zeros((EXTRA_MOST, 4), np.int64)
        self.clear()

    def clear(self) -> None:
        """Know nothing."""
        self._known, self._key_bytes = 0, 0
        self._keys = np.empty(1 << 16, np.uint8)
        self._series = np.empty((1 << 10, 4), np.int64)
        self._table = np.full(1 << 12, -1, np.int64)
        self._counts = np.zeros(4, np.int64)

    def __len__(self) -> int:
        """How many label sets are known."""
        return self._known

    def scan(self, data: bytes) -> Scanned | None:
        """Read an uncompressed body; None when it is not in the usual form."""
        room = len(data) // SMALLEST_SAMPLE
        slots, t = np.empty(room, np.int64), np.empty(room, np.int64)
        v = np.empty(room, np.uint64)
        outcome = scan(
            np.frombuffer(data, np.uint8), self._keys, self._series, self._known, self._table,
            slots, t, v, self._unknown, self._extra, self._counts,
        )  # fmt: skip
        if outcome != 0:
            return None
        samples, strangers, others = self._counts[:3].tolist()
        return Scanned(
            slots[:samples],
            t[:samples],
            v[:samples].view(np.float64),
            self._unknown[:strangers],
            self._extra[:others],
        )

    def learn(self, data: bytes, unknown: NDArray[np.int64], slots: NDArray[np.int64]) -> None:
        """Remember the label sets of a body that were unknown, and their slots."""
        if self._known + len(unknown) > KNOWN_LIMIT:
            self.clear()
        sizes = unknown[:, 1] - unknown[:, 0]
        total = self._key_bytes + int(sizes.sum())
        self._keys = _room(self._keys, total)
        self._series = _room(self._series, self._known + len(unknown))
        keys = b"".join([data[begin:end] for begin, end in unknown[:, :2].tolist()])
        self._keys[self._key_bytes : total] = np.frombuffer(keys, np.uint8)
        fresh = self._series[self._known : self._known + len(unknown)]
        fresh[:, 0] = unknown[:, 2]
        fresh[:, 1] = self._key_bytes + np.cumsum(sizes) - sizes
        fresh[:, 2] = sizes
        fresh[:, 3] = slots
        before, self._known = self._known, self._known + len(unknown)
        self._key_bytes = total
        if 2 * self._known > len(self._table):
            self._table = np.full(1 << (4 * self._known - 1).bit_length(), -1, np.int64)
            before = 0
        enter(self._series, before, self._known, self._table)


def _room(column: Column, size: int) -> Column:
    """The column, longer when it is shorter than `size`."""
    if size <= len(column):
        return column
    longer = np.empty((max(size, 2 * len(column)), *column.shape[1:]), column.dtype)
    longer[: len(column)] = column
    return longer

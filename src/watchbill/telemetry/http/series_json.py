"""Samples as JSON by machine code: most of a large answer's time would go into writing numbers.

`write_series` writes what `answers.matrix` and `answers.vector` would: every value as a string with
the fewest digits that read back as the same number. The digits are found by Schubfach (Giulietti,
"The Schubfach way to render doubles", 2020), here in its form for 64-bit floats: three products
with a power of ten bracket the value, and the shortest number between the two neighbours' middles
is among four candidates.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.http import answers
from watchbill.telemetry.jit import inner, kernel
from watchbill.telemetry.promql.storage import Selection, Times, Values
from watchbill.telemetry.promql.symbols import LabelColumns

Bytes = NDArray[np.uint8]
Index = NDArray[np.int64]
UInt = Any  # np.uint64: mixed with an int it would become a float

_FEW = 16
"""So few samples are written faster the general way."""

PIECE_BYTES = 1 << 20
"""How much of a long answer is written at a time."""

_USUAL = 32
"""About what a sample takes."""
_LONGEST = 96
"""More than a sample can take: a value has at most 25 characters, a time 20."""

_LOWEST_POWER, _HIGHEST_POWER = -324, 292
_MASK_63 = np.uint64((1 << 63) - 1)
_MASK_32 = np.uint64((1 << 32) - 1)
_0, _1, _2, _10, _32, _52, _63, _100 = (np.uint64(each) for each in (0, 1, 2, 10, 32, 52, 63, 100))
_HIDDEN_BIT = np.uint64(1 << 52)
_FRACTION = np.uint64((1 << 52) - 1)
_EXPONENT = np.uint64(0x7FF)
_TENS = np.array([10**power for power in range(19)], np.uint64)
_PAIRS = np.frombuffer("".join(f"{pair:02d}" for pair in range(100)).encode(), np.uint8)
_TENTH = np.uint64(1_844_674_407_370_955_168)  # for s / 10 by the upper half of a product


_NAN, _PLUS_INF, _MINUS_INF, _BEGIN, _VALUE, _VALUES = (
    np.frombuffer(text, np.uint8)
    for text in (b"NaN", b"+Inf", b"-Inf", b'{"metric":', b',"value":', b',"values":[')
)


def _powers() -> NDArray[np.uint64]:
    """10^-k as 126-bit fixed point numbers, rounded up, split at 63 bits; row 0 is the lowest k."""
    rows = []
    for k in range(_LOWEST_POWER, _HIGHEST_POWER + 1):
        shift = (-k * 913_124_641_741 >> 38) - 125  # floor(log2(10^-k)) - 125
        above, below = (10**-k, 1) if k <= 0 else (1, 10**k)
        scaled = (above << -shift) // below if shift < 0 else above // (below << shift)
        rows.append(((scaled + 1) >> 63, (scaled + 1) & int(_MASK_63)))
    return np.array(rows, np.uint64)


_POWERS = _powers()


@inner
def _upper(a: UInt, b: UInt) -> UInt:
    """The upper 64 bits of a product."""
    a1, a0, b1, b0 = a >> _32, a & _MASK_32, b >> _32, b & _MASK_32
    middle = a1 * b0 + (a0 * b0 >> _32)
    low = (middle & _MASK_32) + a0 * b1
    return a1 * b1 + (middle >> _32) + (low >> _32)


@inner
def _scaled(g1: UInt, g0: UInt, c: UInt) -> UInt:
    """c times a power of ten, rounded to odd so that comparisons stay exact."""
    y0 = g1 * c
    z = (y0 >> _1) + _upper(g0, c)
    w = _upper(g1, c) + (z >> _63)
    return w | ((z & _MASK_63) + _MASK_63 >> _63)


@inner
def _shortest(bits: UInt) -> tuple[UInt, Any]:
    """Digits and power of ten of a finite number that is not 0; its sign bit is ignored."""
    fraction, biased = bits & _FRACTION, np.int64((bits >> _52) & _EXPONENT)
    c, q = (fraction, np.int64(-1074)) if biased == 0 else (fraction | _HIDDEN_BIT, biased - 1075)
    odd = c & _1
    if fraction != _0 or biased <= 1:
        left = (c << _2) - _2
        k = q * 661_971_961_083 >> 41  # floor(log10(2^q))
    else:  # a power of two: the neighbour below is only half as far away
        left = (c << _2) - _1
        k = q * 661_971_961_083 - 274_743_187_321 >> 41  # floor(log10(3/4 * 2^q))
    h = np.uint64(q + (-k * 913_124_641_741 >> 38) + 2)
    g1, g0 = _POWERS[k - _LOWEST_POWER, 0], _POWERS[k - _LOWEST_POWER, 1]
    value = _scaled(g1, g0, c << _2 << h)
    lower = _scaled(g1, g0, left << h) + odd
    upper = _scaled(g1, g0, (c << _2) + _2 << h) - odd
    s = value >> _2
    if s >= _10:
        tens = _10 * _upper(s, _TENTH)
        down, up = lower <= tens << _2, (tens + _10) << _2 <= upper
        if down != up:
            return (tens if down else tens + _10), k
    down, up = lower <= s << _2, (s + _1) << _2 <= upper
    if down != up:
        return (s if down else s + _1), k
    twice = (s + s + _1) << _1
    return (s if value < twice or (value == twice and s & _1 == _0) else s + _1), k


@inner
def _copy(text: Bytes, begin: int, end: int, out: Bytes, at: int) -> int:
    """Copy a piece of text; where it ends."""
    for place in range(begin, end):
        out[at] = text[place]
        at += 1
    return at


@inner
def _write_digits(out: Bytes, at: int, number: UInt) -> int:
    """Decimal digits; where they end."""
    size = 1
    while size < 19 and number >= _TENS[size]:
        size += 1
    place = at + size
    while number >= _100:
        rest = number // _100
        pair = np.int64(number - rest * _100) * 2
        place -= 2
        out[place], out[place + 1] = _PAIRS[pair], _PAIRS[pair + 1]
        number = rest
    if number >= _10:
        out[place - 2], out[place - 1] = _PAIRS[number * _2], _PAIRS[number * _2 + _1]
    else:
        out[place - 1] = np.uint8(48 + number)
    return at + size


@inner
def _write_value(out: Bytes, at: int, value: float, bits: UInt) -> int:
    """A value as `numbers.format_sample` writes it; where it ends."""
    if abs(value) < np.inf:
        if bits >> _63:
            out[at] = 45
            at += 1
        if abs(value) < 9007199254740992.0 and value == np.floor(value):
            return _write_digits(out, at, np.uint64(abs(value)))
        if 1e-6 <= abs(value) < 1e21:
            return _write_fraction(out, at, bits & _MASK_63)
        return _write_with_exponent(out, at, bits & _MASK_63)
    text = _NAN if value != value else _PLUS_INF if value > 0 else _MINUS_INF
    return _copy(text, 0, len(text), out, at)


@inner
def _significant(bits: UInt) -> tuple[UInt, Any]:
    """Digits without zeros at their end, and power of ten."""
    digits, power = _shortest(bits)
    while True:
        fewer = digits // _10
        if fewer * _10 != digits:
            break
        digits = fewer
        power += 1
    return digits, power


@inner
def _write_with_exponent(out: Bytes, at: int, bits: UInt) -> int:
    """A positive number as `d.ddde+dd`."""
    digits, power = _significant(bits)
    end = _write_digits(out, at, digits)
    power += end - at - 1
    if end > at + 1:
        for place in range(end - 1, at, -1):
            out[place + 1] = out[place]
        out[at + 1] = 46
        end += 1
    out[end] = 101
    out[end + 1] = 45 if power < 0 else 43
    out[end + 2] = 48
    small = 1 if abs(power) < 10 else 0
    return _write_digits(out, end + 2 + small, np.uint64(abs(power)))


@inner
def _write_fraction(out: Bytes, at: int, bits: UInt) -> int:
    """A positive number that is not a small integer."""
    digits, power = _significant(bits)
    if power >= 0:
        at = _write_digits(out, at, digits)
        for _ in range(power):
            out[at] = 48
            at += 1
        return at
    end = _write_digits(out, at, digits)
    whole = end - at + power  # digits before the point
    moved = 1 if whole > 0 else 2 - whole  # room for the point, or for "0.00…"
    if whole > 0:
        for place in range(end - 1, at + whole - 1, -1):
            out[place + 1] = out[place]
        out[at + whole] = 46
    else:
        for place in range(end - 1, at - 1, -1):
            out[place + moved] = out[place]
        for place in range(at, at + moved):
            out[place] = 48
        out[at + 1] = 46
    return end + moved


@inner
def _write_time(out: Bytes, at: int, t_ms: int) -> int:
    """Milliseconds as seconds; where they end."""
    if t_ms < 0:
        out[at] = 45
        at += 1
        t_ms = -t_ms
    at = _write_digits(out, at, np.uint64(t_ms // 1000))
    rest = t_ms % 1000
    if rest:
        out[at] = 46
        out[at + 1] = 48 + rest // 100
        out[at + 2] = 48 + rest // 10 % 10
        out[at + 3] = 48 + rest % 10
        at += 4
        while out[at - 1] == 48:
            at -= 1
    return at


@kernel("int64[:]", "int64[:]", "float64[:]", "uint8[:]", "int64[:]", "int64", "uint8[:]",
        "int64[:]")  # fmt: skip
def write_series(
    starts: Index,
    t: Times,
    v: Values,
    labels: Bytes,
    label_starts: Index,
    is_vector: int,
    out: Bytes,
    state: Index,
) -> int:
    """Write series after series as far as `out` goes; how many bytes were written.

    `labels` holds the JSON of every series' label set, one after the other. `state` is the series
    and the sample to go on with; it is moved.
    """
    bits, at, room = v.view(np.uint64), 0, len(out) - _LONGEST
    row, sample = state[0], state[1]
    while row < len(starts) - 1:
        first, stop = starts[row], starts[row + 1]
        if sample < first:
            size = label_starts[row + 1] - label_starts[row]
            if at + size + 32 > room:
                break
            at = _write_head(out, at, row, labels, label_starts, is_vector)
            sample = stop - 1 if is_vector else first
        while sample < stop and at < room:
            if is_vector == 0 and sample > first:
                out[at] = 44
                at += 1
            out[at] = 91
            at = _write_time(out, at + 1, t[sample])
            out[at], out[at + 1] = 44, 34
            at = _write_value(out, at + 2, v[sample], bits[sample])
            out[at], out[at + 1] = 34, 93
            at += 2
            sample += 1
        if sample < stop:
            break
        if is_vector == 0:
            out[at] = 93
            at += 1
        out[at] = 125
        at += 1
        row += 1
        sample = -1
    state[0], state[1] = row, sample
    return at


@inner
def _write_head(
    out: Bytes, at: int, row: int, labels: Bytes, label_starts: Index, is_vector: int
) -> int:
    """`,{"metric":{…},"values":[` or `…"value":`; where it ends."""
    if row:
        out[at] = 44
        at += 1
    at = _copy(_BEGIN, 0, len(_BEGIN), out, at)
    at = _copy(labels, label_starts[row], label_starts[row + 1], out, at)
    end = _VALUE if is_vector else _VALUES
    return _copy(end, 0, len(end), out, at)


def shown(data: Selection, *, is_vector: bool) -> object:
    """Series as the API shows a vector or a matrix, ready to be put into JSON."""
    if write_series.compiled and data.h is None and len(data.t) > _FEW:
        return msgspec.Raw(encode(data, is_vector=is_vector))
    return answers.vector(data) if is_vector else answers.matrix(data)


def encode(data: Selection, *, is_vector: bool) -> bytes:
    """The JSON array of all series."""
    return b"".join(pieces(data, is_vector=is_vector))


def is_long(data: Selection) -> bool:
    """Whether the JSON of a matrix is better sent in pieces than held in memory as a whole."""
    return write_series.compiled and data.h is None and len(data.t) * _USUAL > PIECE_BYTES


def pieces(data: Selection, *, is_vector: bool) -> Iterator[bytes | memoryview]:
    """The JSON array of all series, bit by bit."""
    yield b"["
    labels, label_starts = _labels(data)
    state = np.array([0, -1], np.int64)
    size = _USUAL * (len(data) if is_vector else len(data.t)) + len(labels) + 48 * len(data)
    size = max(min(size, PIECE_BYTES), int(np.diff(label_starts).max(initial=0)))
    while state[0] < len(data):
        out = np.empty(size + 2 * _LONGEST, np.uint8)
        used = write_series(
            data.starts, data.t, data.v, labels, label_starts, int(is_vector), out, state
        )
        yield out[:used].data
    yield b"]"


def _labels(data: Selection) -> tuple[Bytes, Index]:
    """The JSON of label sets one after the other, and where each begins."""
    if data.columns is not None:
        return _of_columns(data.columns, len(data))
    write = msgspec.json.Encoder().encode
    texts = [write(dict(labels)) for labels in data.labels]
    return _joined(texts)


def _of_columns(table: LabelColumns, size: int) -> tuple[Bytes, Index]:
    """The same from columns: every name with every value is written once, then copied."""
    names = sorted(table.columns)
    texts: list[bytes] = []
    which = np.empty((len(names), size), np.int64)
    for number, name in enumerate(names):
        distinct, place = np.unique(table.columns[name], return_inverse=True)
        which[number] = place + len(texts)
        head = msgspec.json.encode(name) + b":"
        for symbol in distinct.tolist():
            text = table.symbols.text(symbol)
            texts.append(head + msgspec.json.encode(text) if text else b"")
    pieces, piece_starts = _joined(texts)
    lengths = np.diff(piece_starts)[which] if names else np.zeros((1, size), np.int64)
    starts = np.zeros(size + 1, np.int64)
    # Two braces, and a comma between every two pieces.
    np.cumsum(2 + np.maximum((lengths + (lengths > 0)).sum(axis=0) - 1, 0), out=starts[1:])
    out = np.empty(int(starts[-1]), np.uint8)
    join_pieces(which, pieces, piece_starts, starts, out)
    return out, starts


def _joined(texts: Sequence[bytes]) -> tuple[Bytes, Index]:
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=starts[1:])
    return np.frombuffer(b"".join(texts), np.uint8), starts


@kernel("int64[:,:]", "uint8[:]", "int64[:]", "int64[:]", "uint8[:]")
def join_pieces(which: Index, pieces: Bytes, piece_starts: Index, starts: Index, out: Bytes) -> int:
    """Write the label set of column i of `which` at `starts[i]`: `{piece,piece,…}`."""
    for row in range(which.shape[1]):
        at = starts[row]
        out[at] = 123
        at += 1
        for number in range(which.shape[0]):
            begin, end = piece_starts[which[number, row]], piece_starts[which[number, row] + 1]
            if end > begin:
                if at > starts[row] + 1:
                    out[at] = 44
                    at += 1
                at = _copy(pieces, begin, end, out, at)
        out[at] = 125
    return int(which.shape[1])

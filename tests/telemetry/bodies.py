"""Remote-write bodies made by hand, field by field, so that tests do not trust the decoder."""

import struct
from collections.abc import Iterable

import cramjam

from watchbill.telemetry.promql.histogram import Histogram


def varint(number: int) -> bytes:
    out = bytearray()
    number &= (1 << 64) - 1
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def label(name: str, value: str) -> bytes:
    return field(1, field(1, name.encode()) + field(2, value.encode()))


def sample(t_ms: int, value: float) -> bytes:
    number = b"" if struct.pack("<d", value) == bytes(8) else b"\x09" + struct.pack("<d", value)
    return field(2, number + (b"\x10" + varint(t_ms) if t_ms else b""))


def series(labels: dict[str, str], samples: Iterable[tuple[int, float]]) -> bytes:
    names = b"".join(label(*pair) for pair in sorted(labels.items()))
    return field(1, names + b"".join(sample(*one) for one in samples))


def compress(plain: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(plain))


def body(*given: tuple[dict[str, str], Iterable[tuple[int, float]]]) -> bytes:
    return compress(b"".join(series(*one) for one in given))


def zigzag(number: int) -> bytes:
    return varint(number << 1 if number >= 0 else (-number << 1) - 1)


def number(place: int, value: int) -> bytes:
    """A varint field; zero is left out, as proto3 does."""
    return varint(place << 3) + varint(value) if value else b""


def signed(place: int, value: int) -> bytes:
    return varint(place << 3) + zigzag(value) if value else b""


def double(place: int, value: float) -> bytes:
    packed = struct.pack("<d", value)
    return varint(place << 3 | 1) + packed if packed != bytes(8) else b""


def doubles(place: int, values: Iterable[float]) -> bytes:
    return field(place, b"".join(struct.pack("<d", value) for value in values))


def spans(place: int, index: Iterable[int]) -> bytes:
    """Bucket spans for an ascending index, a span per run."""
    out, expected = b"", None
    runs: list[list[int]] = []
    for one in index:
        if runs and runs[-1][-1] + 1 == one:
            runs[-1].append(one)
        else:
            runs.append([one])
    for run in runs:
        offset = run[0] if expected is None else run[0] - expected
        out += field(place, signed(1, offset) + number(2, len(run)))
        expected = run[-1] + 1
    return out


def deltas(place: int, counts: Iterable[int]) -> bytes:
    before, out = 0, b""
    for count in counts:
        out += zigzag(count - before)
        before = count
    return field(place, out)


def histogram(t_ms: int, given: Histogram, *, whole: bool = True) -> bytes:
    """A `Histogram` message of remote write."""
    out = number(1, int(given.count)) if whole else double(2, given.count)
    out += double(3, given.sum) + signed(4, given.schema) + double(5, given.zero_threshold)
    out += number(6, int(given.zero_count)) if whole else double(7, given.zero_count)
    for buckets, place in ((given.negative, 8), (given.positive, 11)):
        if len(buckets):
            out += spans(place, buckets.index.tolist())
            counts = buckets.counts.tolist()
            out += deltas(place + 1, map(int, counts)) if whole else doubles(place + 2, counts)
    hints = ("unknown", "reset", "not_reset", "gauge")
    out += number(14, hints.index(given.hint)) + number(15, t_ms)
    return out + (doubles(16, given.bounds.tolist()) if len(given.bounds) else b"")

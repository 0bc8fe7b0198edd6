"""Remote-write bodies made by hand, field by field, so that tests do not trust the decoder."""

import struct
from collections.abc import Iterable

import cramjam


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

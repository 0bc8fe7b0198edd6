"""The hash by which Prometheus tells label sets apart, for `limit_ratio` to pick the same series.

XXH64 over the labels as Prometheus 3 holds them in memory. Sources:
https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md and Prometheus,
model/labels/labels_stringlabels.go.
"""

import struct

from .storage import Labels

_MASK = 2**64 - 1
_P1, _P2, _P3, _P4, _P5 = (
    0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
    0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5,
)  # fmt: skip
_LONG = 255


def hash_labels(labels: Labels) -> int:
    """64 bits for a label set."""
    return xxh64(b"".join(_sized(text) for pair in labels for text in pair))


def _sized(text: str) -> bytes:
    """A string behind its length: one byte, or 255 and three bytes, little endian."""
    data = text.encode("utf-8", "surrogateescape")
    if len(data) < _LONG:
        return bytes([len(data)]) + data
    return bytes([_LONG]) + len(data).to_bytes(4, "little")[:3] + data


def xxh64(data: bytes) -> int:
    """XXH64 with seed 0."""
    position = 0
    if len(data) >= 32:
        lanes = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
        while position + 32 <= len(data):
            words = struct.unpack_from("<4Q", data, position)
            lanes = [_round(lane, word) for lane, word in zip(lanes, words, strict=True)]
            position += 32
        turned = zip(lanes, (1, 7, 12, 18), strict=True)
        mixed = sum(_turn(lane, by) for lane, by in turned) & _MASK
        for lane in lanes:
            mixed = ((mixed ^ _round(0, lane)) * _P1 + _P4) & _MASK
    else:
        mixed = _P5
    mixed = (mixed + len(data)) & _MASK
    while position + 8 <= len(data):
        (word,) = struct.unpack_from("<Q", data, position)
        mixed = (_turn(mixed ^ _round(0, word), 27) * _P1 + _P4) & _MASK
        position += 8
    if position + 4 <= len(data):
        (word,) = struct.unpack_from("<I", data, position)
        mixed = (_turn(mixed ^ (word * _P1 & _MASK), 23) * _P2 + _P3) & _MASK
        position += 4
    for byte in data[position:]:
        mixed = _turn(mixed ^ (byte * _P5 & _MASK), 11) * _P1 & _MASK
    mixed = (mixed ^ (mixed >> 33)) * _P2 & _MASK
    mixed = (mixed ^ (mixed >> 29)) * _P3 & _MASK
    return mixed ^ (mixed >> 32)


def _turn(word: int, by: int) -> int:
    return ((word << by) | (word >> (64 - by))) & _MASK


def _round(lane: int, word: int) -> int:
    return _turn((lane + word * _P2) & _MASK, 31) * _P1 & _MASK

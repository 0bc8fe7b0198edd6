"""A reader of remote write 1.0 bodies written from the specification, apart from our writer."""

import struct
from collections.abc import Iterator

import cramjam

Labels = tuple[tuple[str, str], ...]


def read(content: bytes) -> dict[Labels, list[tuple[int, float]]]:
    """Labels to samples (milliseconds, value), in the order of the body."""
    series = {}
    for number, one in fields(bytes(cramjam.snappy.decompress_raw(content))):
        assert number == 1
        labels, samples = [], []
        for part, inner in fields(one):
            if part == 1:
                pair = dict(fields(inner))
                labels.append((pair[1].decode(), pair[2].decode()))
            else:
                sample = dict(fields(inner))
                samples.append((sample[2], struct.unpack("<d", sample[1])[0]))
        assert labels == sorted(labels)
        series[tuple(labels)] = samples
    return series


def fields(content: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Number and content of each field of a protobuf message."""
    at = 0
    while at < len(content):
        tag, at = varint(content, at)
        match tag & 7:
            case 0:
                value, at = varint(content, at)
                yield tag >> 3, value
            case 1:
                yield tag >> 3, content[at : at + 8]
                at += 8
            case 2:
                length, at = varint(content, at)
                assert at + length <= len(content)
                yield tag >> 3, content[at : at + length]
                at += length
            case kind:
                raise AssertionError(f"wire type {kind}")


def varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at

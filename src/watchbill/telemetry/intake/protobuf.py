"""Just enough of the protobuf wire format to read messages field by field.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterator

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5


class MalformedError(ValueError):
    """The body is not what its content type says; the message tells where it breaks."""


def read_varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The unsigned number at `at`, and where it ends. Raises `MalformedError`."""
    number = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
    raise MalformedError(f"bad varint before byte {at}")


def signed(number: int) -> int:
    """A varint read as int64."""
    return number - (1 << 64) if number >= 1 << 63 else number


def fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """The fields of a message as `(number, wire type, start, end)` of the value.

    Raises `MalformedError` when a field reaches beyond the message or has an unknown wire type.
    """
    while at < end:
        tag, at = read_varint(data, at, end)
        number, wire = tag >> 3, tag & 7
        start = at
        if wire == LENGTH:
            length, start = read_varint(data, at, end)
            at = start + length
        elif wire == VARINT:
            _, at = read_varint(data, at, end)
        elif wire == FIXED64:
            at += 8
        elif wire == FIXED32:
            at += 4
        else:
            raise MalformedError(f"field {number} has unknown wire type {wire} at byte {start}")
        if at > end or number == 0:
            raise MalformedError(f"field {number} at byte {start} reaches beyond its message")
        yield number, wire, start, at


def text(data: bytes, start: int, end: int) -> str:
    """A string field. Raises `MalformedError` when it is not UTF-8."""
    try:
        return data[start:end].decode()
    except UnicodeDecodeError:
        raise MalformedError(f"text at byte {start} is not UTF-8") from None

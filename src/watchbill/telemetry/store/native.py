"""ClickHouse's Native format for the few column types we use, straight from and to NumPy.

A block is `columns varint | rows varint`, then per column `name | type | data`; an array column is
its end offsets (UInt64 per row) followed by the elements. Times of chunks are plain Int64.
Source: ClickHouse `src/Formats/NativeReader.cpp`, `src/DataTypes/Serializations`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from watchbill.lib.varint import varint

Array: TypeAlias = NDArray[Any]

_SCALARS: dict[str, np.dtype[Any]] = {
    "UInt8": np.dtype("<u1"),
    "UInt32": np.dtype("<u4"),
    "UInt64": np.dtype("<u8"),
    "Int64": np.dtype("<i8"),
    "Float64": np.dtype("<f8"),
    "DateTime": np.dtype("<u4"),
    "DateTime('UTC')": np.dtype("<u4"),
}


@dataclass(frozen=True)
class Lists:
    """An array column: row `i` is `values[ends[i - 1]:ends[i]]`."""

    ends: NDArray[np.uint64]
    values: "Array | list[bytes]"


Column: TypeAlias = "Array | Lists | list[bytes]"


def encode(columns: Sequence[tuple[str, str, Column]], rows: int) -> bytes:
    """One block from `(name, type, data)` columns of `rows` rows each."""
    parts = [varint(len(columns)), varint(rows)]
    for name, kind, data in columns:
        parts += [_text(name.encode()), _text(kind.encode())]
        if isinstance(data, Lists):
            parts.append(np.ascontiguousarray(data.ends, "<u8").tobytes())
            if isinstance(data.values, list):
                parts += [_text(item) for item in data.values]
            else:
                element = _SCALARS[kind.removeprefix("Array(").removesuffix(")")]
                parts.append(np.ascontiguousarray(data.values, element).tobytes())
        elif isinstance(data, list):
            parts += [_text(item) for item in data]
        else:
            parts.append(np.ascontiguousarray(data, _SCALARS[kind]).tobytes())
    return b"".join(parts)


def decode(data: bytes) -> Iterator[dict[str, Column]]:
    """The blocks of a result, each a dictionary of columns."""
    at = 0
    while at < len(data):
        width, at = _read_varint(data, at)
        rows, at = _read_varint(data, at)
        block: dict[str, Column] = {}
        for _ in range(width):
            name, at = _read_text(data, at)
            kind_text, at = _read_text(data, at)
            block[name.decode()], at = _read_column(data, at, kind_text.decode(), rows)
        yield block


def _read_column(data: bytes, at: int, kind: str, rows: int) -> tuple[Column, int]:
    if kind == "String":
        return _read_texts(data, at, rows)
    if kind.startswith("Array("):
        ends = np.frombuffer(data, "<u8", rows, at)
        at += ends.nbytes
        if kind == "Array(String)":
            items, at = _read_texts(data, at, int(ends[-1]) if rows else 0)
            return Lists(ends, items), at
        element = _SCALARS[kind.removeprefix("Array(").removesuffix(")")]
        values = np.frombuffer(data, element, int(ends[-1]) if rows else 0, at)
        return Lists(ends, values), at + values.nbytes
    numbers = np.frombuffer(data, _SCALARS[kind], rows, at)
    return numbers, at + numbers.nbytes


def _read_texts(data: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    items = []
    for _ in range(count):
        item, at = _read_text(data, at)
        items.append(item)
    return items, at


def _text(value: bytes) -> bytes:
    length = len(value)
    return (_SHORT[length] if length < len(_SHORT) else varint(length)) + value


_SHORT = [varint(length) for length in range(1 << 12)]  # lengths of most texts


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7


def _read_text(data: bytes, at: int) -> tuple[bytes, int]:
    length, at = _read_varint(data, at)
    return data[at : at + length], at + length

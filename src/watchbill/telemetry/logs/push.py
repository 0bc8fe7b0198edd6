"""Loki's push format: JSON, or a snappy block holding a protobuf `PushRequest`.

Source: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs,
loki `pkg/push/push.proto`
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from watchbill.telemetry.intake.exposition import label_pairs
from watchbill.telemetry.intake.protobuf import (
    LENGTH,
    VARINT,
    MalformedError,
    fields,
    read_varint,
    signed,
    text,
)
from watchbill.telemetry.intake.remote_write import decompress
from watchbill.telemetry.promql.storage import Labels, labels_of


class Line(NamedTuple):
    """One log line: its stream, time in Unix nanoseconds, text, and structured metadata."""

    stream: Labels
    t_ns: int
    text: str
    metadata: Labels


class _Stream(msgspec.Struct):
    stream: dict[str, str]
    values: list[list[str | dict[str, str]]]


class _Push(msgspec.Struct):
    streams: list[_Stream]


_read_push = msgspec.json.Decoder(_Push).decode


def read_json(body: bytes) -> list[Line]:
    """The lines of a JSON push. Raises `MalformedError`."""
    lines = []
    try:
        for given in _read_push(body).streams:
            stream = _checked(labels_of(given.stream))
            for value in given.values:
                if not 2 <= len(value) <= 3:
                    raise MalformedError("a value is [time, line] or [time, line, metadata]")
                t_ns = msgspec.convert(value[0], str)
                metadata = msgspec.convert(value[2] if len(value) == 3 else {}, dict[str, str])
                lines.append(
                    Line(stream, int(t_ns), msgspec.convert(value[1], str), labels_of(metadata))
                )
    except (msgspec.DecodeError, ValueError) as error:
        raise MalformedError(str(error)) from None
    return lines


def read_protobuf(body: bytes) -> list[Line]:
    """The lines of a protobuf push. Raises `MalformedError`."""
    data = decompress(body)
    lines: list[Line] = []
    for number, wire, start, end in fields(data, 0, len(data)):
        if number == 1 and _length(wire, start):
            lines += _stream(data, start, end, MAX_LINES - len(lines))
    return lines


MAX_LINES = 1_000_000
"""Of one push in protobuf, where a line may be two bytes."""


def _stream(data: bytes, start: int, end: int, most: int) -> Iterator[Line]:
    stream: Labels = ()
    entries: list[tuple[int, str, Labels]] = []
    for number, wire, left, right in fields(data, start, end):
        if number == 1 and _length(wire, left):
            stream = _selector_labels(text(data, left, right))
        elif number == 2 and _length(wire, left):
            if len(entries) >= most:
                raise MalformedError(f"more than {MAX_LINES} lines in one push")
            entries.append(_entry(data, left, right))
    _checked(stream)
    for t_ns, line, metadata in entries:
        yield Line(stream, t_ns, line, metadata)


def _entry(data: bytes, start: int, end: int) -> tuple[int, str, Labels]:
    t_ns, line = 0, ""
    metadata: dict[str, str] = {}
    for number, wire, left, right in fields(data, start, end):
        if not _length(wire, left):
            continue
        if number == 1:
            for part, part_wire, begin, finish in fields(data, left, right):
                if part in (1, 2) and part_wire == VARINT:
                    amount = signed(read_varint(data, begin, finish)[0])
                    t_ns += amount * 1_000_000_000 if part == 1 else amount
        elif number == 2:
            line = text(data, left, right)
        elif number == 3:
            pair = {1: "", 2: ""}
            for part, _, begin, finish in fields(data, left, right):
                pair[part] = text(data, begin, finish)
            metadata[pair[1]] = pair[2]
    return t_ns, line, labels_of(metadata)


def _selector_labels(selector: str) -> Labels:
    """Labels written as `{a="b", c="d"}`."""
    stripped = selector.strip()
    if not (stripped.startswith("{") and stripped.endswith("}")):
        raise MalformedError(f'labels {selector[:100]!r} are not written like {{a="b"}}')
    try:
        return labels_of(dict(label_pairs(stripped[1:-1])))
    except ValueError as error:
        raise MalformedError(str(error)) from None


def _checked(stream: Labels) -> Labels:
    if not stream:
        raise MalformedError("a stream needs at least one label")
    return stream


def _length(wire: int, at: int) -> bool:
    if wire != LENGTH:
        raise MalformedError(f"unexpected wire type {wire} at byte {at}")
    return True

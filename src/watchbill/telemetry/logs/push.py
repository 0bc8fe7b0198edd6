"""Loki's push format: JSON, or a snappy block holding a protobuf `PushRequest`.

Source: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs,
loki `pkg/push/push.proto`
"""

import re
from collections.abc import Iterator, Sequence
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

MAX_LINES, MAX_STREAMS = 1_000_000, 100_000
"""Of one push, where a line may be two bytes; as many as the store has room for."""
MAX_LABELS = 30
MAX_NAME_CHARACTERS, MAX_VALUE_CHARACTERS = 1_024, 2_048
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


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


class _PlainStream(msgspec.Struct):
    stream: dict[str, str]
    values: list[tuple[str, str]]


class _PlainPush(msgspec.Struct):
    """A push without metadata, as most are: read several times as fast."""

    streams: list[_PlainStream]


_read_push = msgspec.json.Decoder(_Push).decode
_read_plain_push = msgspec.json.Decoder(_PlainPush).decode


def read_json(body: bytes) -> list[Line]:
    """The lines of a JSON push. Raises `MalformedError`."""
    try:
        try:
            plain = _read_plain_push(body)
        except msgspec.ValidationError:
            return _with_metadata(_read_push(body))
        _check_number([len(given.values) for given in plain.streams])
        lines = []
        for given in plain.streams:
            stream = _checked(labels_of(given.stream))
            lines += [Line(stream, int(t_ns), text, ()) for t_ns, text in given.values]
    except (msgspec.DecodeError, ValueError) as error:
        raise MalformedError(str(error)) from None
    return lines


def _check_number(lines: Sequence[int]) -> None:
    """Raise when there are too many streams, or lines in all of them together: that the store
    can never take them, not even later."""
    if len(lines) > MAX_STREAMS:
        raise MalformedError(f"more than {MAX_STREAMS} streams in one push")
    if sum(lines) > MAX_LINES:
        raise MalformedError(f"more than {MAX_LINES} lines in one push")


def _with_metadata(push: _Push) -> list[Line]:
    _check_number([len(given.values) for given in push.streams])
    lines = []
    for given in push.streams:
        stream = _checked(labels_of(given.stream))
        for value in given.values:
            if not 2 <= len(value) <= 3:
                raise MalformedError("a value is [time, line] or [time, line, metadata]")
            t_ns, text = value[0], value[1]
            metadata = labels_of(_table(value[2])) if len(value) == 3 else ()
            if not (isinstance(t_ns, str) and isinstance(text, str)):
                raise MalformedError("time and line of a value have to be strings")
            lines.append(Line(stream, int(t_ns), text, metadata))
    return lines


def _table(given: str | dict[str, str]) -> dict[str, str]:
    if isinstance(given, str):
        raise MalformedError("metadata has to be an object of strings")
    return given


def read_protobuf(body: bytes) -> list[Line]:
    """The lines of a protobuf push. Raises `MalformedError`."""
    data = decompress(body)
    lines: list[Line] = []
    streams = 0
    for number, wire, start, end in fields(data, 0, len(data)):
        if number == 1 and _length(wire, start):
            streams += 1
            if streams > MAX_STREAMS:
                raise MalformedError(f"more than {MAX_STREAMS} streams in one push")
            lines += _stream(data, start, end, MAX_LINES - len(lines))
    return lines


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
    """A stream's labels within their limits."""
    if not stream:
        raise MalformedError("a stream needs at least one label")
    if len(stream) > MAX_LABELS:
        raise MalformedError(f"a stream has {len(stream)} labels; the limit is {MAX_LABELS}")
    for name, value in stream:
        if not _LABEL_NAME.fullmatch(name):
            raise MalformedError(f"{name[:100]!r} is not a label name: letters, digits and _ are")
        if len(name) > MAX_NAME_CHARACTERS or len(value) > MAX_VALUE_CHARACTERS:
            raise MalformedError(
                f"label {name[:100]!r} is too long: limits are {MAX_NAME_CHARACTERS} characters "
                f"for a name and {MAX_VALUE_CHARACTERS} for a value"
            )
    return stream


def _length(wire: int, at: int) -> bool:
    if wire != LENGTH:
        raise MalformedError(f"unexpected wire type {wire} at byte {at}")
    return True

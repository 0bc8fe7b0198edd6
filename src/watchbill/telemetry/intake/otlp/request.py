"""Requests of OTLP/HTTP, in protobuf or JSON, and the values within.

Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from google.protobuf import json_format  # type: ignore[import-untyped]

from watchbill.telemetry.intake.messages import read
from watchbill.telemetry.intake.otlp.names import label_name
from watchbill.telemetry.intake.protobuf import MalformedError
from watchbill.telemetry.promql.numbers import format_value

MAX_PLAIN_BYTES = 16 << 20
"""Of a request after decompression."""
MAX_PARTS = 500_000
"""Resources, scopes, and metrics or log records of a request together."""


def read_request(kind: Any, body: bytes, *, json: bool) -> Any:
    """A request of a generated class. Raises `MalformedError`."""
    if not json:
        return read(kind, body)
    name = kind.DESCRIPTOR.full_name
    if not body.lstrip().startswith(b"{"):
        raise MalformedError(f"not a {name} in JSON: it begins with no brace")
    if body.count(b"{") > MAX_PARTS:  # before they are made, which takes a minute for 16 MiB
        raise MalformedError(f"more than {MAX_PARTS} objects in one request, send smaller ones")
    try:
        return json_format.Parse(body.decode(), kind(), ignore_unknown_fields=True)
    except (json_format.Error, ValueError, RecursionError) as error:
        raise MalformedError(f"not a {name} in JSON: {error}") from None


class Parts:
    """Walks through the parts of a request, which are not to be too many."""

    def __init__(self) -> None:
        self._left = MAX_PARTS

    def of(self, parts: Any) -> Iterator[Any]:
        """These parts. Raises `MalformedError`."""
        self._left -= len(parts)
        if self._left < 0:
            raise MalformedError(f"more than {MAX_PARTS} parts in one request, send smaller ones")
        return iter(parts)


def text_of(value: Any) -> str:
    """An attribute's value as text; lists and maps as JSON."""
    held = plain(value)
    if isinstance(held, str):
        return held
    if isinstance(held, float):
        return format_value(held)
    return "" if held is None else msgspec.json.encode(held).decode()


def plain(value: Any) -> Any:
    """An `AnyValue` in Python's types; bytes in base64."""
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [plain(one) for one in value.array_value.values]
        case "kvlist_value":
            return {pair.key: plain(pair.value) for pair in value.kvlist_value.values}
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case which:
            return getattr(value, which)


def labels_from(attributes: Iterable[Any], skip: Iterable[str] = ()) -> dict[str, str]:
    """Attributes as labels; of several that get the same name the values are joined by `;`.

    Raises `ValueError` for one without a name.
    """
    labels: dict[str, str] = {}
    for pair in sorted(attributes, key=lambda one: one.key):
        if pair.key not in skip:
            name, value = label_name(pair.key), text_of(pair.value)
            labels[name] = f"{labels[name]};{value}" if name in labels else value
    return labels


def identifier(raw: bytes) -> str:
    """A trace or span id in hexadecimal; empty when it is unset.

    JSON has it so already, and what reads JSON takes it for base64: those lengths betray it.
    """
    if len(raw) in (12, 24):
        return base64.b64encode(raw).decode().lower()
    return raw.hex() if any(raw) else ""

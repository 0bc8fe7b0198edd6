"""Protobuf messages declared in Python and read by the protobuf library.

Reading field by field (`protobuf.py`) is for bodies whose bulk is skipped; small nested messages,
of which every field counts, are read faster and shorter this way.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf import (  # type: ignore[import-untyped]
    descriptor_pb2,
    descriptor_pool,
    message_factory,
)
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from watchbill.telemetry.intake.protobuf import MalformedError

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "double": _Field.TYPE_DOUBLE,
    "int64": _Field.TYPE_INT64,
    "uint64": _Field.TYPE_UINT64,
    "sint64": _Field.TYPE_SINT64,
    "uint32": _Field.TYPE_UINT32,
    "int32": _Field.TYPE_INT32,
    "sint32": _Field.TYPE_SINT32,
    "string": _Field.TYPE_STRING,
}


class Messages:
    """The messages of one package, by name.

    Each is declared by its fields as in a .proto file (proto3), separated by semicolons:
    `Messages("io.example", {"Span": "sint32 offset = 1; repeated double counts = 2"})`.
    """

    def __init__(self, package: str, declared: Mapping[str, str]) -> None:
        file = descriptor_pb2.FileDescriptorProto(
            name=f"{package}.proto", package=package, syntax="proto3"
        )
        for name, fields in declared.items():
            message = file.message_type.add(name=name)
            for line in fields.split(";"):
                *label, kind, field, _, number = line.split()
                one = message.field.add(name=field, number=int(number))
                one.label = _Field.LABEL_REPEATED if label else _Field.LABEL_OPTIONAL
                if kind in _SCALARS:
                    one.type = _SCALARS[kind]
                else:
                    one.type, one.type_name = _Field.TYPE_MESSAGE, f".{package}.{kind}"
        pool = descriptor_pool.DescriptorPool()
        pool.Add(file)
        self._classes: dict[str, Any] = {
            name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
            for name in declared
        }

    def read(self, name: str, data: bytes) -> Any:
        """The message in `data`. Raises `MalformedError`."""
        return read(self._classes[name], data)

    def write(self, name: str, **fields: Any) -> bytes:
        """A message on the wire."""
        return bytes(self._classes[name](**fields).SerializeToString())


def read(kind: Any, data: bytes) -> Any:
    """A message of a generated class. Raises `MalformedError`."""
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise MalformedError(f"not a {kind.DESCRIPTOR.full_name} message: {error}") from None

"""Loki's push format, JSON and protobuf: the same lines out of both, and wrong bodies refused."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.telemetry.bodies import compress, field, varint

from watchbill.telemetry.intake.protobuf import MalformedError
from watchbill.telemetry.logs.push import Line, read_json, read_protobuf

T = 1_700_000_000_123_456_789


def protobuf(labels: str, *entries: tuple[int, str, dict[str, str]]) -> bytes:
    stream = field(1, labels.encode())
    for t_ns, line, metadata in entries:
        stamp = b"\x08" + varint(t_ns // 10**9) + b"\x10" + varint(t_ns % 10**9)
        pairs = b"".join(
            field(3, field(1, key.encode()) + field(2, value.encode()))
            for key, value in metadata.items()
        )
        stream += field(2, field(1, stamp) + field(2, line.encode()) + pairs)
    return compress(field(1, stream))


EXPECTED = [
    Line((("app", "shop"), ("env", 'a "b"')), T, "first {line}", ()),
    Line((("app", "shop"), ("env", 'a "b"')), T + 1, "second", (("trace", "1"),)),
]


def test_reads_json() -> None:
    body = {"streams": [{
        "stream": {"app": "shop", "env": 'a "b"'},
        "values": [[str(T), "first {line}"], [str(T + 1), "second", {"trace": "1"}]],
    }]}  # fmt: skip
    assert read_json(json.dumps(body).encode()) == EXPECTED


def test_reads_protobuf() -> None:
    body = protobuf(
        '{app="shop", env="a \\"b\\""}', (T, "first {line}", {}), (T + 1, "second", {"trace": "1"})
    )
    assert read_protobuf(body) == EXPECTED


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"streams": [{"stream": {}, "values": []}]}',
        b'{"streams": [{"stream": {"a": "b"}, "values": [["soon", "x"]]}]}',
        b'{"streams": [{"stream": {"a": "b"}, "values": [["1"]]}]}',
        b'{"streams": [{"stream": {"a": "b"}, "values": [["1", {}]]}]}',
        b'{"streams": [{"stream": {"a": 1}, "values": []}]}',
    ],
)
def test_wrong_json_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError):
        read_json(body)


@pytest.mark.parametrize("labels", ["{}", "", "a=b", '{a="b"', "{a=b}"])
def test_wrong_labels_are_refused(labels: str) -> None:
    with pytest.raises(MalformedError):
        read_protobuf(protobuf(labels, (T, "x", {})))


@given(st.binary(max_size=100))
def test_noise_never_crashes(noise: bytes) -> None:
    for body in (noise, compress(noise)):
        with contextlib.suppress(MalformedError):
            read_protobuf(body)
        with contextlib.suppress(MalformedError):
            read_json(body)


@pytest.mark.parametrize(
    ("streams", "lines", "says"),
    [(1, 1_000_001, "more than 1000000 lines"), (100_001, 0, "more than 100000 streams")],
)
def test_a_push_that_never_fits_is_refused_in_either_form(
    streams: int, lines: int, says: str
) -> None:
    values = b",".join([b'["1",""]'] * lines)
    one = b'{"stream":{"a":"b"},"values":[' + values + b"]}"
    plain = field(1, field(1, b'{a="b"}') + b"\x12\x00" * lines)
    with pytest.raises(MalformedError, match=says):
        read_json(b'{"streams":[' + b",".join([one] * streams) + b"]}")
    with pytest.raises(MalformedError, match=says):
        read_protobuf(compress(plain * streams))

"""Prometheus remote write 1.0 bodies from columns of samples, and their sending.

https://prometheus.io/docs/specs/prw/remote_write_spec/

    WriteRequest { repeated TimeSeries timeseries = 1 }
    TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2 }
    Label        { string name = 1; string value = 2 }
    Sample       { double value = 1; int64 timestamp = 2 }    milliseconds
"""

from collections.abc import Iterable

import cramjam
import httpx
import numpy as np
from numpy.typing import NDArray

from watchbill.lib.varint import varint

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}

# Between 2004 and 2109 a timestamp in milliseconds takes six bytes as a varint, so that every
# sample has the same length and a whole column is encoded at once.
_SAMPLE = np.dtype(
    [("head", "S3"), ("value", "<f8"), ("tag", "u1"), ("at", "u1", (6,))]
)  # packed: 2 (field, length) + 1 (tag) + 8 + 1 + 6 = 18 bytes
_HEAD = bytes([0x12, 16, 0x09])  # field 2, 16 bytes; value, as fixed64
_AT = 0x10  # timestamp, as varint

Labels = tuple[tuple[str, str], ...]  # sorted by name, `__name__` among them
Column = tuple[Labels, NDArray[np.float64]]  # NaN: no sample


class Refused(Exception):
    """The receiver will never take this body (status 4xx); the message is its answer."""


class Busy(Exception):
    """The receiver cannot take it now; try again after `wait` seconds."""

    def __init__(self, why: str, wait: float) -> None:
        super().__init__(why)
        self.wait = wait


def body(at: NDArray[np.int64], columns: Iterable[Column]) -> bytes:
    """The compressed body for `columns` whose samples are at `at` (milliseconds)."""
    times = np.empty((len(at), 6), np.uint8)
    for place in range(6):
        times[:, place] = (at >> (7 * place)) & 0x7F | (0x80 if place < 5 else 0)
    plain = b"".join(
        _field(1, b"".join(map(_label, labels)) + _samples(times, values))
        for labels, values in columns
    )
    return bytes(cramjam.snappy.compress_raw(plain))


def send(client: httpx.Client, url: str, content: bytes) -> None:
    """Post one body. Raises Refused, or Busy for what is worth another try."""
    try:
        answer = client.post(url, content=content, headers=HEADERS)
    except httpx.TransportError as error:
        raise Busy(f"{url}: {error}", 2.0) from None
    if answer.status_code == 429 or answer.status_code >= 500:
        wait = answer.headers.get("Retry-After", "")
        raise Busy(f"{url}: {answer.status_code}", float(wait) if wait.isdigit() else 2.0)
    if not answer.is_success:
        raise Refused(f"{url}: {answer.status_code} {answer.text[:300]}")


def _label(pair: tuple[str, str]) -> bytes:
    name, value = pair
    return _field(1, _field(1, name.encode()) + _field(2, value.encode()))


def _samples(times: NDArray[np.uint8], values: NDArray[np.float64]) -> bytes:
    there = ~np.isnan(values)
    rows = np.empty(int(there.sum()), _SAMPLE)
    rows["head"], rows["tag"] = _HEAD, _AT
    rows["value"], rows["at"] = values[there], times[there]
    return rows.tobytes()


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited protobuf field."""
    return bytes([number << 3 | 2]) + varint(len(content)) + content

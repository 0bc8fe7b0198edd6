"""Heads without end: the connection is closed before they fill the memory."""

import socket

import pytest
from tests.telemetry.server_process import TOKEN, Telemetry

from watchbill.telemetry.http.head import MAX_HEAD_BYTES

pytestmark = pytest.mark.server
CHUNKED = (
    f"POST /api/v1/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
)


@pytest.mark.parametrize(
    ("start", "more"),
    [
        ("GET / HTTP/1.1\r\nX: ", "y"),
        ("GET / HTTP/1.1\r\n", "X: y\r\n"),
        ("GET /", "y"),
        (CHUNKED + "0\r\n", "X: y\r\n"),
        (CHUNKED + "0\r\nX: ", "y"),
    ],
)
def test_a_head_without_end_is_cut_off(telemetry: Telemetry, start: str, more: str) -> None:
    host, _, port = telemetry.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(start.encode())
        piece = (more * (64 * MAX_HEAD_BYTES // len(more))).encode()
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            connection.sendall(piece)


def test_long_queries_and_bodies_pass(telemetry: Telemetry) -> None:
    long = "1" + " + 1" * 50 + " " * 60_000
    for answer in (
        telemetry.client.get("/api/v1/query", params={"query": long.replace(" ", "")}),
        telemetry.client.post("/api/v1/query", data={"query": long + " " * MAX_HEAD_BYTES}),
        telemetry.client.get("/-/ready"),
    ):
        assert answer.status_code == 200

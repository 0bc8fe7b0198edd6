"""Email and webhooks against real servers on loopback."""

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message as Mail
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from watchbill.paging.channels.base import Message, NotSent
from watchbill.paging.channels.email import Email
from watchbill.paging.channels.webhook import Webhook

SECRET = "whsec_" + base64.b64encode(b"a shared secret of 24 b.").decode()
MESSAGE = Message(
    to="ann@example.org", key="msg_1", subject="Page: Errors", text="It fails.\nSee ü.\n",
    at=datetime(2026, 3, 1, 8, tzinfo=UTC), data={"type": "page.sent"},
)  # fmt: skip


class Sink:
    """An SMTP server that keeps what it gets, or answers as told."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=default))
        return self.answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def sink() -> Iterator[tuple[Sink, str]]:
    handler, port = Sink(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, f"smtp://127.0.0.1:{port}"
    controller.stop()


def again() -> Message:
    return Message(**{**vars(MESSAGE), "repeat": True})


def test_a_mail_arrives_as_it_was_written(sink: tuple[Sink, str]) -> None:
    server, url = sink
    Email(url, "Watchbill <watchbill@example.org>").send(MESSAGE)
    (mail,) = server.mails
    assert (mail["To"], mail["From"]) == ("ann@example.org", "Watchbill <watchbill@example.org>")
    assert (mail["Subject"], mail["X-Watchbill-Repeat"]) == ("Page: Errors", "no")
    assert mail["Message-ID"] == "<msg_1@example.org>"
    assert mail.get_content().replace("\r\n", "\n") == MESSAGE.text  # type: ignore[attr-defined]


def test_a_repeat_says_so_under_the_same_key(sink: tuple[Sink, str]) -> None:
    server, url = sink
    Email(url, "watchbill@example.org").send(again())
    (mail,) = server.mails
    assert (mail["Subject"], mail["X-Watchbill-Repeat"]) == ("(repeat) Page: Errors", "yes")
    assert mail["Message-ID"] == "<msg_1@example.org>"
    assert "may be a repeat" in mail.get_content()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answer", "final"), [("451 try later", False), ("552 mailbox full", True)]
)
def test_what_the_mail_server_refuses(sink: tuple[Sink, str], answer: str, final: bool) -> None:
    server, url = sink
    server.answer = answer
    with pytest.raises(NotSent, match=answer[:3]) as refused:
        Email(url, "w@example.org").send(MESSAGE)
    assert (refused.value.final, refused.value.maybe) == (final, False)


def test_no_mail_server() -> None:
    with pytest.raises(NotSent) as refused:
        Email(f"smtp://127.0.0.1:{free_port()}", "w@example.org").send(MESSAGE)
    assert not refused.value.maybe
    assert "WATCHBILL_SMTP_URL" in Email("", "w@example.org").check()


def test_a_mail_server_that_hangs_is_left_after_its_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(NotSent):
            Email(url, "w@example.org", patience=0.2).send(MESSAGE)


def test_a_password_is_not_sent_in_the_clear(sink: tuple[Sink, str]) -> None:
    _, url = sink
    with pytest.raises(NotSent, match="no TLS"):
        Email(url.replace("//", "//me:secret@"), "w@example.org").send(MESSAGE)


class Receiver(BaseHTTPRequestHandler):
    """Keeps what is posted; answers with the status that the server object names."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.got, server.status = [], 204
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield server
    server.shutdown()
    server.server_close()


def test_a_webhook_is_signed_as_the_standard_says(receiver: Any) -> None:
    Webhook().send(Message(**{**vars(MESSAGE), "to": receiver.url, "secret": SECRET}))
    ((headers, body),) = receiver.got
    assert json.loads(body) == {"type": "page.sent"}
    stamp = str(int(MESSAGE.at.timestamp()))
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_1", stamp)
    signed = f"msg_1.{stamp}.".encode() + body
    expected = hmac.new(b"a shared secret of 24 b.", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(expected).decode()


def test_the_standards_own_example() -> None:
    """From the reference implementations of standard-webhooks."""
    from watchbill.paging.channels.webhook import signature

    given = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
        b'{"test": 2432232314}',
    )  # fmt: skip
    assert given == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_repeated_webhook_says_so(receiver: Any) -> None:
    Webhook().send(Message(**{**vars(MESSAGE), "to": receiver.url, "repeat": True}))
    ((headers, _),) = receiver.got
    assert (headers["X-Watchbill-Repeat"], headers["webhook-id"]) == ("yes", "msg_1")
    assert "webhook-signature" not in headers


@pytest.mark.parametrize(
    ("status", "final"), [(500, False), (302, False), (404, False), (410, True)]
)
def test_what_a_receiver_refuses(receiver: Any, status: int, final: bool) -> None:
    receiver.status = status
    with pytest.raises(NotSent, match=str(status)) as refused:
        Webhook().send(Message(**{**vars(MESSAGE), "to": receiver.url}))
    assert (refused.value.final, len(receiver.got)) == (final, 1)


@pytest.mark.parametrize(
    ("address", "final"),
    [("http://127.0.0.1:1/", False), ("ftp://x/", True), ("http://x:port/", True)],
)
def test_where_no_receiver_is(address: str, final: bool) -> None:
    with pytest.raises(NotSent) as refused:
        Webhook().send(Message(**{**vars(MESSAGE), "to": address}))
    assert (refused.value.final, refused.value.maybe) == (final, False)


def test_a_receiver_that_took_it_and_hangs_may_have_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        to = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(NotSent) as refused:
            Webhook(patience=0.2).send(Message(**{**vars(MESSAGE), "to": to}))
    assert refused.value.maybe

"""The example system really running, with a mail server and a webhook that keep what they get."""

import http.server
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import Message
from pathlib import Path
from typing import Any

import httpx
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from tests.processes.installation import Installation, free_port, until

TEAM = ("junior", "associate", "senior", "lead")


class Inbox(MessageHandler):
    """Mail as it arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.mail: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.mail.append(message)


class Hook:
    """A webhook as a team would run it: keeps headers and body of every delivery."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.thinks = 0.0  # seconds until it answers
        hook, got = self, self.got

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                time.sleep(hook.thinks)
                with suppress(BrokenPipeError, ConnectionResetError):  # the caller was killed
                    self.send_response(204)
                    self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Demo(Installation):
    """`watchbill serve --demo` with somewhere to send pages to."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.inbox, self.hook, self.mail_port = Inbox(), Hook(), free_port()
        self.url = f"http://127.0.0.1:{self.web}"
        self.mail_server = Controller(self.inbox, hostname="127.0.0.1", port=self.mail_port)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **super().environment,
            "WATCHBILL_SMTP_URL": f"smtp://127.0.0.1:{self.mail_port}",
            "WATCHBILL_LOG_LEVEL": "info",
        }

    def serve(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "watchbill", "serve", "--demo"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=self.data.with_suffix(".log").open("a"),
            text=True,
        )
        assert self.process.stdout
        self.printed = self.process.stdout.readline()
        assert "is ready" in self.printed, self.log()
        until("the example team can sign in", self._team_is_there, 60)

    def clear_away(self) -> None:
        """Leave nothing behind, however it went."""
        for process in self.processes():
            process.kill()
        if self.process:
            self.process.wait()
            assert self.process.stdout
            self.process.stdout.close()
        if self.mail_server.loop.is_running():
            self.mail_server.stop()
        self.mail_server.loop.close()
        self.hook.server.shutdown()
        self.hook.server.server_close()

    def _team_is_there(self) -> bool:
        return "/sign-in/as/junior" in httpx.get(f"{self.url}/sign-in", timeout=10).text

    def colleagues(self, answer: str) -> None:
        """Let example people whom nobody uses answer by themselves, "yes" or "no".

        Said by somebody who guides in no incident: what she could answer is left to her."""
        told = httpx.post(
            f"{self.url}/api/v1/acts/demo.set_colleagues",
            json={"on": "people.house:1", "answer": answer},
            headers={"Authorization": f"Bearer {self.token('crossing')}"},
            timeout=20,
        )
        assert told.json()["state"] == "done", told.text

    def at(self, username: str) -> str:
        """The own address of somebody of the example team."""
        return f"http://{username}.localhost:{self.web}"

    def token(self, username: str) -> str:
        """A personal token of somebody of the example team, made as they would make it."""
        with httpx.Client(base_url=self.url, follow_redirects=True, timeout=20) as browser:
            page = browser.get("/sign-in").text
            csrf = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page)
            assert csrf
            browser.post(f"/sign-in/as/{username}", data={"csrfmiddlewaretoken": csrf[1]})
            meta = re.search(r'csrf-token" content="([^"]+)"', browser.get("/").text)
            assert meta
            made = browser.post(
                "/api/v1/acts/accounts.make_token",
                json={"on": f"people.person:{username}", "name": "walk"},
                headers={"X-CSRFToken": meta[1]},
            )
            return str(made.json()["once"]["token"])


@contextmanager
def running(data: Path) -> Iterator[Demo]:
    """The demo, from its start to nothing left of it; only who walks answers."""
    demo = Demo(data)
    demo.mail_server.start()
    try:
        demo.serve()
        demo.colleagues("no")
        yield demo
        demo.stop()
    finally:
        demo.clear_away()

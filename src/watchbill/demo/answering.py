"""What the example's HTTP servers have in common: JSON in and out, the token, silence on stderr."""

import hmac
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN_NEEDED = {"error": "the token of the example's folder is needed"}


class Server(ThreadingHTTPServer):
    """A thread per connection; none of them keeps the process from ending."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A customer who hangs up is no error of ours; anything else is shown as usual."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class JsonHandler(BaseHTTPRequestHandler):
    """Reading and writing for one connection, which is kept open between requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet
    timeout = 90

    def respond(self) -> None:
        """Answer a GET or a POST."""
        raise NotImplementedError

    def do_GET(self) -> None:
        self.respond()

    do_POST = do_GET  # noqa: N815

    def body(self) -> dict[str, Any]:
        """The request's JSON object; an empty body is an empty one. Raises ValueError."""
        value = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if not isinstance(value, dict):
            raise ValueError("the body is not a JSON object")
        return value

    def has(self, token: str) -> bool:
        """Whether the request carries that bearer token."""
        given = self.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())

    def send_json(self, code: int, body: dict[str, Any]) -> None:
        self.send(code, "application/json", json.dumps(body).encode())

    def send(self, code: int, kind: str, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: whoever answers writes a log of its own."""

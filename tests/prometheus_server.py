"""A tiny real HTTP server that answers as telemetry, or fails as it might."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Asked = dict[str, list[str]]
Answering = Callable[[BaseHTTPRequestHandler, str, Asked], None]


class Telemetry:
    """Stands in for telemetry. `answer` is replaced by a test; `asked` is what came in."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Asked]] = []
        self.credentials: list[str | None] = []
        self.purposes: list[str | None] = []
        self.connections = 0
        self.answer: Answering = lambda handler, path, asked: reply(handler, success([]))
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def do_GET(self) -> None:
                self.take(urlsplit(self.path).query)

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                self.take(self.rfile.read(length).decode())

            def take(self, fields: str) -> None:
                path, asked = urlsplit(self.path).path, parse_qs(fields)
                outer.asked.append((self.command, path, asked))
                outer.credentials.append(self.headers.get("Authorization"))
                outer.purposes.append(self.headers.get("X-Watchbill-Purpose"))
                outer.answer(self, path, asked)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def says(self, data: Any) -> None:
        """Answer every query with `data`."""
        self.answer = lambda handler, path, asked: reply(handler, success(data))

    def fails(self, status: int, body: bytes) -> None:
        """Answer every query with this."""
        self.answer = lambda handler, path, asked: reply(handler, body, status)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def success(data: Any) -> bytes:
    return json.dumps({"status": "success", "data": data}).encode()


def failure(kind: str, message: str) -> bytes:
    return json.dumps({"status": "error", "errorType": kind, "error": message}).encode()


def vector(*samples: tuple[dict[str, str], str]) -> dict[str, Any]:
    result = [{"metric": metric, "value": [1000.5, value]} for metric, value in samples]
    return {"resultType": "vector", "result": result}


def reply(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)

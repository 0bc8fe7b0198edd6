"""How the example's processes talk to each other: JSON over kept-alive HTTP, on loopback only."""

import http.client
import json
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"


class Unreachable(Exception):
    """Nobody answered at that port, or not in time."""


class Line:
    """One kept-alive connection to a port of this machine. Belongs to one thread."""

    def __init__(self, port: int, *, token: str = "", timeout: float = 5.0) -> None:
        self.port = port
        self.timeout = timeout
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._connection: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, path: str, body: Any = None, *, request: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON body of the answer; `request` is the id to be found in both logs.

        A kept connection that turns out to be closed is opened anew once: every request of the
        example may be repeated, charges included (they carry the order's number).
        """
        kept = self._connection is not None
        try:
            return self._exchange(method, path, body, request)
        except TimeoutError:
            self.close()
            raise Unreachable(f"port {self.port} did not answer in {self.timeout} s") from None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if kept:
                return self.ask(method, path, body, request=request)
            raise Unreachable(f"port {self.port}: {error}") from None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _exchange(
        self, method: str, path: str, body: Any, request: str
    ) -> tuple[int, dict[str, Any]]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(HOST, self.port, timeout=self.timeout)
        headers = self._headers | ({"X-Request-Id": request} if request else {})
        text = None if body is None else json.dumps(body)
        self._connection.request(method, path, text, headers)
        response = self._connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")

"""The server's side of HTTP with a limit on what stands before and behind a body.

The parser gathers a head until it is whole, before anybody is asked for a token.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 128 << 10
"""Of a request line and its headers; the longest queries come as a form."""


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection that sends more than `MAX_HEAD_BYTES` without head, body or end."""

    _gathered = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        self._gathered += len(data)
        super().data_received(data)
        if self._gathered > MAX_HEAD_BYTES and not self.transport.is_closing():
            if self._in_head:
                self.send_400_response(f"The head of the request exceeds {MAX_HEAD_BYTES} bytes.")
            self.transport.close()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._gathered, self._in_head = 0, False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._gathered = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The end of a request."""
        self._gathered, self._in_head = 0, True
        super().on_message_complete()

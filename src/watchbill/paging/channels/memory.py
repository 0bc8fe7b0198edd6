"""A channel that keeps its messages: for tests, and to see what would be sent."""

import threading
from collections.abc import Callable

from watchbill.paging.channels.base import Message


class Memory:
    """Collects messages in `sent`. `then` is called with each, and may raise NotSent."""

    def __init__(self, then: Callable[[Message], None] = lambda message: None) -> None:
        self.sent: list[Message] = []
        self.then = then
        self.lock = threading.Lock()

    def check(self) -> str:
        """Always ready."""
        return ""

    def send(self, message: Message) -> None:
        """Keep the message."""
        self.then(message)
        with self.lock:
            self.sent.append(message)

"""The seam: what a channel is given, what it does, and how it says that it could not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

PATIENCE = 10.0  # seconds a receiver may take for each step of an exchange


@dataclass(frozen=True)
class Message:
    """One message to one address.

    `key` is the same over all attempts, so that a receiver can drop what it has already. `repeat`
    says that an earlier attempt may have arrived. `data` is for machines, `text` for people.
    """

    to: str
    key: str
    subject: str
    text: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    repeat: bool = False
    secret: str = ""

    @property
    def title(self) -> str:
        """The subject, marked when this may be a repeat."""
        return f"(repeat) {self.subject}" if self.repeat else self.subject


class NotSent(Exception):
    """The message was not sent, or nobody knows whether it was.

    `maybe`: it may have arrived all the same. `final`: trying again would not help.
    """

    def __init__(self, why: str, *, maybe: bool = False, final: bool = False) -> None:
        super().__init__(why)
        self.maybe, self.final = maybe, final


class Channel(Protocol):
    """Sends messages of one kind. `send` is called from several threads at once."""

    def send(self, message: Message) -> None:
        """Hand the message over to whoever delivers it. Raises NotSent."""
        ...

    def check(self) -> str:
        """What an operator must set before this channel can work; empty when nothing."""
        ...

"""What a runbook says: its head and its steps. Pure values, as they are stored and run."""

from typing import Any, Final

import msgspec

MACHINE: Final = ("command", "http", "promql")
"""Kinds of step that the machine does; `confirm` and `value` are a person's."""


class Confirm(msgspec.Struct, frozen=True, tag="confirm", tag_field="kind"):
    """A person states that something is so."""

    text: str


class Value(msgspec.Struct, frozen=True, tag="value", tag_field="kind"):
    """A person answers a question; later steps use the answer as `{name}`."""

    name: str
    question: str


class Check(msgspec.Struct, frozen=True, tag="promql", tag_field="kind"):
    """A PromQL expression gives a result without zeros, at the latest `within` seconds from now."""

    expression: str
    within: float = 0.0


class Command(msgspec.Struct, frozen=True, tag="command", tag_field="kind"):
    """A command of the allow-list with its arguments; `{name}` stands for a whole argument."""

    argv: tuple[str, ...]


class Http(msgspec.Struct, frozen=True, tag="http", tag_field="kind"):
    """An HTTP request and the statuses that count as success; redirects are not followed."""

    method: str
    url: str
    headers: dict[str, str] = {}
    body: Any = None  # text, or what is sent as JSON
    expect: tuple[int, ...] = ()  # empty: any 2xx
    timeout: float = 10.0


Doing = Confirm | Value | Check | Command | Http


class Step(msgspec.Struct, frozen=True):
    """One step: its title, the prose that explains it, and what is done."""

    title: str
    prose: str
    do: Doing

    @property
    def kind(self) -> str:
        """confirm, value, promql, command or http."""
        return str(self.do.__struct_config__.tag)

    @property
    def by_machine(self) -> bool:
        """Whether the work process does it."""
        return self.kind in MACHINE


class Procedure(msgspec.Struct, frozen=True):
    """A runbook as written. `component` may be empty; tier and area are words."""

    slug: str
    title: str
    component: str
    tier: str
    area: str
    intro: str
    steps: tuple[Step, ...]

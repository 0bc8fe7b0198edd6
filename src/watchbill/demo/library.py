"""The example's written things, as they are loaded into Watchbill: rules, runbooks, components."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from watchbill.demo.place import SERVICES
from watchbill.demo.wire import HOST

_HERE = Path(__file__).parent

RULES = _HERE / "rules"
"""Folder of alert rule files in Prometheus's form."""


@dataclass(frozen=True)
class Link:
    """A runbook or procedure that a component's card leads to."""

    title: str
    runbook: str


@dataclass(frozen=True)
class Component:
    """One entry of the example's catalogue; `tier` is routine, moderate or critical."""

    name: str
    title: str
    description: str
    owner: str
    tier: str
    depends_on: tuple[str, ...]
    links: tuple[Link, ...]


def runbooks(ports: dict[str, int]) -> dict[str, str]:
    """Slug to Markdown, one for each fault; {checkout} and so on become the services' addresses."""
    return _texts("runbooks", ports)


def procedures(ports: dict[str, int]) -> dict[str, str]:
    """The same for maintenance."""
    return _texts("procedures", ports)


def components() -> list[Component]:
    """The shop's services and Watchbill itself, each after what it depends on."""
    entries: list[dict[str, Any]] = yaml.safe_load((_HERE / "components.yml").read_text())
    return [
        Component(
            **entry
            | {
                "depends_on": tuple(entry["depends_on"]),
                "links": tuple(Link(**link) for link in entry["links"]),
            }
        )
        for entry in entries
    ]


def _texts(folder: str, ports: dict[str, int]) -> dict[str, str]:
    read = {path.stem: path.read_text() for path in sorted((_HERE / folder).glob("*.md"))}
    for service in SERVICES:
        address = f"{HOST}:{ports[service]}"
        read = {slug: text.replace(f"{{{service}}}", address) for slug, text in read.items()}
    return read

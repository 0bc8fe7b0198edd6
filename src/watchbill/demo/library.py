"""The example's written things, as they are loaded into Watchbill: rules, runbooks, a tour."""

from pathlib import Path

from watchbill.demo.place import SERVICES
from watchbill.demo.wire import HOST

_HERE = Path(__file__).parent

RULES = _HERE / "rules"
"""Folder of alert rule files in Prometheus's form."""


def runbooks(ports: dict[str, int]) -> dict[str, str]:
    """Slug to Markdown, one for each fault; {checkout} and so on become the services' addresses."""
    return _texts("runbooks", ports)


def procedures(ports: dict[str, int]) -> dict[str, str]:
    """The same for maintenance."""
    return _texts("procedures", ports)


def components() -> str:
    """The shop's services and Watchbill itself, as a components file."""
    return (_HERE / "components.yml").read_text()


def tour() -> str:
    """A written tour of checkout, in the form of docs/tours.md."""
    return (_HERE / "tours" / "checkout.md").read_text()


def _texts(folder: str, ports: dict[str, int]) -> dict[str, str]:
    read = {path.stem: path.read_text() for path in sorted((_HERE / folder).glob("*.md"))}
    for service in SERVICES:
        address = f"{HOST}:{ports[service]}"
        read = {slug: text.replace(f"{{{service}}}", address) for slug, text in read.items()}
    return read

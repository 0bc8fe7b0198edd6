"""An installation of somebody's own, without the example: one owner, who is paged by mail."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.faults.senders import Acts, Alerts, Samples, Sender
from tests.processes.installation import Installation, until
from tests.walks.demo import Demo

OWNER = "ada"


class House(Demo):
    """Started with `serve`, then opened by its owner."""

    serve = Installation.serve

    def __init__(self, data: Path, **more: str) -> None:
        super().__init__(data)
        self.more = more
        self.browser: httpx.Client | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.more}

    def open(self) -> None:
        """Become its owner in a browser, with a token and an address of theirs."""
        self.browser = httpx.Client(base_url=self.url, timeout=30)
        self._become_owner(self.browser, self.command("first-run").stdout.strip())
        meta = re.search(r'csrf-token" content="([^"]+)"', self.browser.get("/").text)
        assert meta
        made = self.browser.post(
            "/api/v1/acts/accounts.make_token",
            json={"on": f"people.person:{OWNER}", "name": "test"},
            headers={"X-CSRFToken": meta[1]},
        )
        self.personal = str(made.json()["once"]["token"])
        person = f"people.person:{OWNER}"
        self.act("accounts.add_contact", person, kind="email", address=f"{OWNER}@house.example")

    def act(self, what: str, on: str, **given: Any) -> dict[str, Any]:
        """Perform an act as the owner; the ledger row."""
        answer = httpx.post(
            f"{self.url}/api/v1/acts/{what}",
            json={"on": on, **given},
            headers={"Authorization": f"Bearer {self.personal}"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def source(self, *scopes: str) -> str:
        """A new source's token."""
        given = {"name": " and ".join(scopes), "scopes": list(scopes)}
        made = self.act("accounts.add_source", "people.house:1", **given)
        return str(made["once"]["token"])

    def senders(self) -> tuple[Alerts, Acts, Samples]:
        """Work from outside, started, with the incident that its notes are about."""
        self.act("incidents.declare", "people.house:1", title="Something goes away")
        senders = (
            Alerts(self, self.source("alerts")),
            Acts(self, self.personal, OWNER),
            Samples(self, self.source("write", "query")),
        )
        for sender in senders:
            sender.start()
        for sender in senders:
            until(f"{sender.name} come in", lambda s=sender: came_in(s) > 5, 30)
        return senders

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What telemetry answers now, as an instant vector."""
        token = (self.data / "telemetry-token").read_text().strip()
        answer = httpx.get(
            f"http://127.0.0.1:{self.telemetry}/api/v1/query",
            params={"query": expression},
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
        )
        return list(answer.json()["data"]["result"])

    def health(self) -> httpx.Response:
        """The health page as the owner sees it."""
        assert self.browser
        return self.browser.get("/settings/health")


@contextmanager
def lived_in(data: Path, **more: str) -> Iterator[House]:
    """A house with its owner in it, from its start to nothing left of it."""
    house = House(data, **more)
    house.mail_server.start()
    try:
        house.serve()
        house.open()
        yield house
        assert house.stop(20) == 0
        assert house.processes() == []
    finally:
        if house.browser:
            house.browser.close()
        house.clear_away()


def came_in(sender: Sender) -> int:
    """How much was acknowledged so far."""
    match sender:
        case Alerts():
            return len(sender.state)
        case Acts():
            return len(sender.rows)
        case Samples():
            return len(sender.values)
    raise TypeError(sender)

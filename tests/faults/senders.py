"""Work from outside that goes on whatever is killed: senders that repeat until acknowledged.

Each remembers what was acknowledged, and nothing else: that is what must not be lost.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import numpy as np
from tests.processes.installation import until
from tests.walks.demo import Demo

from watchbill.demo import remote_write
from watchbill.lib import clock

NEVER = timedelta(days=1)
INCIDENT = "incidents.incident:1"


class Sender(threading.Thread):
    """Does `once(n)` for n = 0, 1, … every `every` seconds until told to finish."""

    every = 0.5

    def __init__(self, base: str, token: str) -> None:
        super().__init__(name=type(self).__name__, daemon=True)
        self.base, self.token = base, token
        self.finishing = threading.Event()
        self.failed: BaseException | None = None
        self.unanswered = 0  # requests that got no answer, or a 5xx or 429
        self.refusal: httpx.Response | None = None  # the last of those

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        number = 0
        try:
            with httpx.Client(base_url=self.base, headers=headers, timeout=20) as self.http:
                while not self.finishing.wait(self.every):
                    self.once(number)
                    number += 1
        except (httpx.HTTPError, AssertionError, LookupError, ValueError) as error:
            self.failed = error

    def once(self, number: int) -> None:
        raise NotImplementedError

    def finish(self) -> None:
        self.finishing.set()
        self.join(60)
        assert not self.is_alive(), f"{self.name} hangs"
        if self.failed:
            raise self.failed

    def try_once(self, request: Callable[[], httpx.Response]) -> httpx.Response | None:
        """The answer; None when there was none or it says to try again. Another one fails."""
        try:
            answer = request()
        except httpx.TransportError:
            self.unanswered += 1
            return None
        if answer.status_code >= 500 or answer.status_code == 429:
            self.refused(answer)
            return None
        assert answer.is_success, (answer.status_code, answer.text[:500])
        return answer

    def refused(self, answer: httpx.Response) -> None:
        self.unanswered += 1
        self.refusal = answer

    def acknowledged(self, request: Callable[[], httpx.Response]) -> bool:
        """Repeat until acknowledged; False when told to finish before."""
        while self.try_once(request) is None:
            if self.finishing.wait(0.2):
                return False
        return True


class Alerts(Sender):
    """Sends alerts that stay, alerts that end, and some that page, as an Alertmanager's client."""

    every = 0.15
    PAGES = 6  # every so many of them
    ENDS = 3  # every so many of them, `AFTER` alerts later
    AFTER = 200

    def __init__(self, demo: Demo, token: str) -> None:
        super().__init__(f"{demo.url}/alertmanager/api/v2", token)
        self.state: dict[str, str] = {}  # by name: the last state that was acknowledged
        self.doubtful: set[str] = set()  # sent and never acknowledged
        self.paging: set[str] = set()
        self.began: dict[int, datetime] = {}

    def once(self, number: int) -> None:
        self.began[number] = clock.now()
        self._send(number, "firing", clock.now() + NEVER)
        old = number - self.AFTER
        if old >= 0 and old % self.ENDS == 0:
            self._send(old, "resolved", clock.now())

    def _send(self, number: int, state: str, ends: datetime) -> None:
        name = f"Kill{number}"
        pages = number % self.PAGES == 0
        alert = {
            "labels": {"alertname": name, "severity": "critical" if pages else "info"},
            "startsAt": self.began[number].isoformat(),
            "endsAt": ends.isoformat(),
        }
        if self.acknowledged(lambda: self.http.post("/alerts", json=[alert])):
            self.state[name] = state
            if pages:
                self.paging.add(name)
        else:
            self.doubtful.add(name)


class Acts(Sender):
    """Writes notes and answers every second page, each act once: a lost answer is not repeated."""

    every = 0.25
    PATIENCE = timedelta(seconds=12)  # a page is left alone that long

    def __init__(self, demo: Demo, token: str, person: str) -> None:
        super().__init__(f"{demo.url}/api/v1", token)
        self.person = person
        self.rows: dict[int, tuple[str, str]] = {}  # ledger id: the act, and what it says of it

    def once(self, number: int) -> None:
        self.act("incidents.note", INCIDENT, text=f"This is note {number}.")
        if number % 20 == 0:
            self._answer_pages()

    def _answer_pages(self) -> None:
        wanted = {"state": "sent", "person": self.person, "limit": 300}
        got = self.try_once(lambda: self.http.get("/pages", params=wanted))
        for page in got.json()["pages"] if got else ():
            late = clock.now() - datetime.fromisoformat(page["sent_at"]) > self.PATIENCE
            if late and int(page["ref"].partition(":")[2]) % 2:
                self.act("paging.acknowledge", page["ref"])

    def act(self, name: str, on: str, **given: Any) -> None:
        try:
            answer = self.http.post(f"/acts/{name}", json={"on": on, **given})
        except httpx.TransportError:
            self.unanswered += 1
            return
        if answer.status_code == 200:
            self.rows[answer.json()["id"]] = (name, on)
        elif answer.status_code == 422 and name == "paging.acknowledge":
            pass  # it ended meanwhile
        else:
            assert answer.status_code >= 500, answer.text[:500]
            self.refused(answer)


class Samples(Sender):
    """Writes one sample at a time to telemetry, counting up."""

    every = 0.2
    METRIC = "kills_written"

    def __init__(self, demo: Demo, token: str) -> None:
        super().__init__(f"http://127.0.0.1:{demo.telemetry}/api/v1", token)
        self.values: set[int] = set()

    def start(self) -> None:
        until("telemetry knows the token", lambda: self._asked("1").status_code == 200)
        super().start()

    def once(self, number: int) -> None:
        at = np.array([int(time.time() * 1000)], np.int64)
        column = ((("__name__", self.METRIC),), np.array([float(number)]))
        body = remote_write.body(at, [column])
        if self.acknowledged(lambda: self._post(body)):
            self.values.add(number)

    def _post(self, body: bytes) -> httpx.Response:
        return self.http.post("/write", content=body, headers=remote_write.HEADERS)

    def stored(self) -> set[int]:
        """What telemetry has of it."""
        (series,) = self._asked(f"{self.METRIC}[2h]").json()["data"]["result"]
        return {int(float(value)) for _, value in series["values"]}

    def _asked(self, query: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.get(f"{self.base}/query", params={"query": query}, headers=headers, timeout=20)

"""What the services have in common: routes, metrics, health, admin endpoints, a clean stop."""

import os
import signal
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from watchbill.demo.answering import TOKEN_NEEDED, JsonHandler, Server
from watchbill.demo.place import Place
from watchbill.demo.services.journal import Journal
from watchbill.demo.services.metrics import (
    CONTENT_TYPE,
    Counter,
    Gauge,
    Histogram,
    Metric,
    exposition,
)
from watchbill.demo.wire import HOST
from watchbill.lib import clock

STOP_PATIENCE = 2.0  # seconds that requests under way get when the service is told to stop


@dataclass(frozen=True)
class Request:
    """What came in. `rest` is the path after the route's own: the `p42` of `/products/p42`."""

    rest: str
    body: dict[str, Any]
    id: str


@dataclass(frozen=True)
class Answer:
    """What goes out. `noted` goes to the log beside it."""

    code: int
    body: dict[str, Any]
    noted: dict[str, Any] = field(default_factory=dict)


Handler = Callable[[Request], Answer]


class Service:
    """One of the shop's services. A subclass names its route and what can be done to it.

    Admin endpoints (`POST /admin/…`) take the token of the example's folder; they are what a
    runbook's steps call through `watchbill.demo.control`.
    """

    name: ClassVar[str]
    route: ClassVar[tuple[str, str]]  # method and path
    codes: ClassVar[tuple[str, ...]]  # status codes it is known to answer with

    def __init__(self, place: Place, version: str) -> None:
        path = self.route[1]
        self.version = version
        self.place = place
        self.started = round(clock.seconds(), 3)
        self.in_flight = 0
        self._count = threading.Lock()
        self.journal = Journal(place.log(self.name), self.name, version)
        known = tuple((path, code) for code in self.codes)
        self.requests = Counter("http_requests_total", "Requests.", ("path", "code"), known)
        self.durations = Histogram(
            "http_request_duration_seconds", "Time from request to answer.", "path", (path,)
        )
        self.metrics: list[Metric] = [
            self.requests,
            self.durations,
            Gauge("http_requests_in_flight", "Requests under way.", lambda: self.in_flight),
            Gauge("process_resident_memory_bytes", "Memory in use.", _resident),
            Gauge("process_cpu_seconds_total", "CPU time.", time.process_time, kind="counter"),
            Gauge("process_start_time_seconds", "Start, as Unix time.", lambda: self.started),
            Gauge("build_info", "The release that runs.", lambda: 1, {"version": version}),
        ]

    def handle(self, request: Request) -> Answer:
        """Do the service's own work for one request."""
        raise NotImplementedError

    def admin(self) -> dict[str, Handler]:
        """What can be done to it, by path: {"queue/drain": self.drain}."""
        return {}

    def state(self) -> dict[str, Any]:
        """What `GET /admin/state` tells beyond name, version and start."""
        return {}

    def serve(self, port: int) -> None:
        """Answer on 127.0.0.1:`port` until SIGTERM or SIGINT, then let requests under way end."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        server = _ServiceServer(self, port)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self.journal.info("started", port=port, pid=os.getpid())
        stop.wait()
        server.shutdown()
        server.server_close()  # from now on connections are refused
        deadline = time.monotonic() + STOP_PATIENCE
        while self.in_flight and time.monotonic() < deadline:
            time.sleep(0.01)
        self.journal.info("stopped", unanswered=self.in_flight)

    def answer(self, request: Request) -> Answer:
        """The service's own work, counted, timed and logged."""
        method, path = self.route
        begun = time.perf_counter()
        self._under_way(+1)
        try:
            answer = self.handle(request)
        finally:
            self._under_way(-1)
        seconds = time.perf_counter() - begun
        self.requests.inc(path, str(answer.code))
        self.durations.observe(path, seconds)
        message = answer.body.get("error") or f"{method} {path}"
        say = self.journal.info if answer.code < 500 else self.journal.error
        facts = {"request": request.id, "path": path, "code": answer.code}
        say(message, **facts, seconds=round(seconds, 4), **answer.noted)
        return answer

    def answer_admin(self, path: str, request: Request) -> Answer:
        """Something done to the service, or its state read."""
        if path == "state":
            state = {"service": self.name, "version": self.version, "started": self.started}
            return Answer(200, state | self.state())
        deed = self.admin().get(path)
        if deed is None:
            return Answer(404, {"error": f"{self.name} has no {path}", "known": [*self.admin()]})
        answer = deed(request)
        self.journal.warning(f"admin: {path}", asked=request.body, **answer.body)
        return answer

    def _under_way(self, change: int) -> None:
        with self._count:
            self.in_flight += change


class _ServiceServer(Server):
    def __init__(self, service: Service, port: int) -> None:
        super().__init__((HOST, port), _Handle)
        self.service = service
        self.token = service.place.token()


class _Handle(JsonHandler):
    server: _ServiceServer

    def respond(self) -> None:
        service = self.server.service
        if self.path == "/metrics":
            self.send(200, CONTENT_TYPE, exposition(service.metrics).encode())
        elif self.path == "/health":
            self.send_json(200, {"service": service.name, "version": service.version})
        else:
            self._work()

    def _work(self) -> None:
        try:
            body = self.body()
        except ValueError as error:
            self.send_json(400, {"error": str(error)})
            return
        answer = self._find(body, self.headers.get("X-Request-Id") or uuid.uuid4().hex[:12])
        self.send_json(answer.code, answer.body)

    def _find(self, body: dict[str, Any], number: str) -> Answer:
        service = self.server.service
        method, path = service.route
        if self.path.startswith("/admin/"):
            return self._admin(self.path.removeprefix("/admin/"), Request("", body, number))
        first, _, rest = self.path.removeprefix("/").partition("/")
        if self.command != method or f"/{first}" != path:
            return Answer(404, {"error": f"{service.name} has no {self.command} {self.path}"})
        return service.answer(Request(rest, body, number))

    def _admin(self, what: str, request: Request) -> Answer:
        if not self.has(self.server.token):
            return Answer(401, TOKEN_NEEDED)
        if (self.command == "GET") != (what == "state"):
            return Answer(405, {"error": "GET reads the state, POST does something"})
        return self.server.service.answer_admin(what, request)


def _resident() -> float:
    """Resident memory in bytes, from proc(5)."""
    with open("/proc/self/statm") as file:
        return float(int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))

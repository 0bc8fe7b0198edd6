"""The example system's own supervisor: `python -m watchbill.demo.run --data DATA`.

Starts the shop and its customers, keeps them running, and takes orders on a port of its own
(`POST /restart`, `/deploy`, `/rollback`, `GET /state`, with the folder's token). Everything it
started ends when it ends, and it ends when its lifeline does.
"""

import argparse
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from watchbill.demo.answering import TOKEN_NEEDED, JsonHandler, Server
from watchbill.demo.place import SERVICES, NotRunning, Place, write, write_json
from watchbill.demo.supervise import Child, Supervisor
from watchbill.demo.wire import HOST
from watchbill.lib import lifeline

TEND_EVERY = 0.2  # seconds


def run(data: Path, ports: dict[str, int] | None = None, *, helpers: Sequence[Child] = ()) -> None:
    """Run the example in Watchbill's folder `data` until SIGTERM or SIGINT.

    `ports` fixes the ports of services by name (and of the "supervisor"); the others are those
    of last time, or free ones. `helpers` run beside them.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    place = Place.under(data)
    place.create()
    write_json(place.folder / "ports.json", _ports(place, ports or {}))
    write_json(place.targets, targets(place.ports()))
    write(place.pid("supervisor"), f"{os.getpid()}\n")
    supervisor = Supervisor(place, helpers)
    orders = _OrderServer(supervisor)
    threading.Thread(target=orders.serve_forever, args=(0.1,), daemon=True).start()
    try:
        while not stop.wait(TEND_EVERY):
            supervisor.tend()
    finally:
        orders.shutdown()
        supervisor.stop()
        place.pid("supervisor").unlink(missing_ok=True)


def targets(ports: dict[str, int]) -> list[dict[str, Any]]:
    """The services in Prometheus's file discovery form.

    Job and instance are set here, so that they stay the same whatever port a service has and
    whatever the scrape configuration calls its job: the history before has them too.
    """
    return [
        {
            "targets": [f"{HOST}:{ports[service]}"],
            "labels": {"job": "example", "instance": f"{service}-1", "service": service},
        }
        for service in SERVICES
    ]


def _ports(place: Place, fixed: dict[str, int]) -> dict[str, int]:
    try:
        before = place.ports()
    except NotRunning:
        before = {}
    wanted = before | fixed
    return {name: _free(wanted.get(name, 0)) for name in (*SERVICES, "supervisor")}


def _free(wanted: int) -> int:
    """`wanted` if nobody listens there, else a free port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError:
            probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class _OrderServer(Server):
    def __init__(self, supervisor: Supervisor) -> None:
        super().__init__((HOST, supervisor.place.ports()["supervisor"]), _TakeOrder)
        self.token = supervisor.place.token()
        self.state = supervisor.state
        self.orders: dict[str, Callable[[dict[str, Any]], str]] = {
            "/restart": lambda it: supervisor.restart(it["service"]),
            "/deploy": lambda it: supervisor.deploy(it["service"], it["version"]),
            "/rollback": lambda it: supervisor.roll_back(it["service"]),
        }


class _TakeOrder(JsonHandler):
    server: _OrderServer

    def respond(self) -> None:
        if not self.has(self.server.token):
            self.send_json(401, TOKEN_NEEDED)
        elif (self.command, self.path) == ("GET", "/state"):
            self.send_json(200, self.server.state())
        elif self.command == "POST" and self.path in self.server.orders:
            self._obey(self.server.orders[self.path])
        else:
            self.send_json(404, {"error": f"no order {self.command} {self.path}"})

    def _obey(self, order: Callable[[dict[str, Any]], str]) -> None:
        try:
            self.send_json(200, {"done": order(self.body())})
        except KeyError as missing:
            self.send_json(422, {"error": f"the order does not say {missing}"})
        except (LookupError, ValueError) as error:
            self.send_json(422, {"error": str(error)})
        except NotRunning as error:
            self.send_json(500, {"error": str(error)})


def main() -> None:
    """Run the example until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m watchbill.demo.run", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="Watchbill's data folder")
    parser.add_argument("--lifeline", type=int, help="pipe whose end stops the example")
    parser.add_argument("--history-to", metavar="URL", help="remote write receiver of the history")
    parser.add_argument("--token-file", metavar="FILE", help="file with that receiver's token")
    options = parser.parse_args()
    lifeline.hold(options.lifeline)
    run(options.data, helpers=_helpers(options))


def _helpers(options: argparse.Namespace) -> list[Child]:
    customers = Child("load", "watchbill.demo.load")
    if options.history_to is None:
        return [customers]
    token = ("--token-file", options.token_file) if options.token_file else ()
    arguments = ("--to", options.history_to, *token)
    return [customers, Child("history", "watchbill.demo.history", arguments, once=True)]


if __name__ == "__main__":
    main()

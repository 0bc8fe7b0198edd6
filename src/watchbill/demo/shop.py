"""What can be done to the running example from outside: its state, and the operator's actions."""

from typing import Any

from watchbill.demo.place import SERVICES, NotRunning, Place
from watchbill.demo.wire import Line, Unreachable

PATIENCE = 20.0  # seconds for an order; a restart waits until the service answers


class Refused(Exception):
    """The example would not do it; the message is its answer."""


class Shop:
    """The running example. Every method raises NotRunning when it does not answer, and Refused
    with the reason when it will not; actions return one sentence about what was done."""

    def __init__(self, place: Place) -> None:
        self._ports, self._token = place.ports(), place.token()

    def state(self) -> dict[str, dict[str, Any]]:
        """Per process what the supervisor knows; per service that answers also its own state."""
        processes = self._ask("supervisor", "GET", "/state", None)
        for service in SERVICES:
            try:
                processes[service] |= self._ask(service, "GET", "/admin/state", None)
            except NotRunning as reason:
                processes[service]["silent"] = str(reason)
        return processes

    def restart(self, service: str) -> str:
        return self._order("restart", service=service)

    def deploy(self, service: str, version: str) -> str:
        return self._order("deploy", service=service, version=version)

    def roll_back(self, service: str) -> str:
        return self._order("rollback", service=service)

    def flush(self) -> str:
        """Empty catalogue's cache and start its sweeper anew."""
        return self._admin("catalogue", "cache/flush")

    def drain(self) -> str:
        """Open payments' connection to the mail server anew, so that its queue empties."""
        return self._admin("payments", "queue/drain")

    def stop_report(self) -> str:
        """Stop the settlement report that locks payments' ledger."""
        return self._admin("payments", "report/stop")

    def set_pool(self, size: int) -> str:
        """Set how many connections payments holds to the card processor."""
        return self._admin("payments", "pool", size=size)

    def break_(self, service: str, fault: str) -> str:
        """Make a service do one of its faults (see `faults.py`)."""
        return self._admin(service, "fault", name=fault)

    def _order(self, order: str, **body: str) -> str:
        return str(self._ask("supervisor", "POST", f"/{order}", body)["done"])

    def _admin(self, service: str, deed: str, **body: Any) -> str:
        return str(self._ask(service, "POST", f"/admin/{deed}", body)["done"])

    def _ask(self, name: str, method: str, path: str, body: Any) -> dict[str, Any]:
        with Line(self._ports[name], token=self._token, timeout=PATIENCE) as line:
            try:
                code, answer = line.ask(method, path, body)
            except Unreachable as error:
                raise NotRunning(f"{name} does not answer: {error}") from None
        if code != 200:
            raise Refused(f"{name}: {answer.get('error', code)}")
        return answer

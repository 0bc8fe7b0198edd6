"""checkout: the front. `POST /checkout` prices a basket in catalogue and charges it in payments."""

import os
import threading
import time
import uuid
from typing import Any

from watchbill.demo.place import Place
from watchbill.demo.services.metrics import Counter
from watchbill.demo.services.service import Answer, Handler, Request, Service
from watchbill.demo.wire import Line, Unreachable

PATIENCE = 2.0  # seconds for which a service that restarts is asked again
FAIL_STOP = 70  # exit status of one that stopped rather than do harm (EX_SOFTWARE)


class Checkout(Service):
    """Baskets become orders."""

    name = "checkout"
    route = ("POST", "/checkout")
    codes = ("200", "402", "502", "503")

    def __init__(self, place: Place, version: str) -> None:
        super().__init__(place, version)
        self._ports = place.ports()
        self._lines = threading.local()
        self._orders = Counter(
            "orders_total", "Baskets by what became of them.", ("result",),
            (("paid",), ("declined",), ("failed",)),
        )  # fmt: skip
        self._cents = Counter("order_value_cents_total", "Value of paid orders.")
        self._failures = Counter(
            "upstream_failures_total", "Calls to other services that failed.", ("upstream",),
            (("catalogue",), ("payments",)),
        )  # fmt: skip
        self.metrics += [self._orders, self._cents, self._failures]

    def handle(self, request: Request) -> Answer:
        basket = request.body.get("basket")
        if not isinstance(basket, list) or not basket:
            return Answer(422, {"error": "a basket lists products"})
        order = uuid.uuid4().hex[:12]
        try:
            cents = sum([self._price(str(sku), request) for sku in basket])
            charge = {"order": order, "cents": cents, "card": request.body.get("card", "")}
            code, answer = self._ask("payments", "POST", "/charge", charge, request)
        except UpstreamFailed as failure:
            self._orders.inc("failed")
            return Answer(failure.code, {"error": str(failure)}, {"order": order})
        if code == 402:
            self._orders.inc("declined")
            return Answer(402, {"error": "card declined"}, {"order": order})
        if code != 200:
            self._failures.inc("payments")
            self._orders.inc("failed")
            error = f"payments answered {code}: {answer.get('error', '')}"
            return Answer(502, {"error": error}, {"order": order})
        self._orders.inc("paid")
        self._cents.inc(by=cents)
        return Answer(200, {"order": order, "cents": cents}, {"order": order, "cents": cents})

    def admin(self) -> dict[str, Handler]:
        return {"fault": self._break}

    def _price(self, sku: str, request: Request) -> int:
        code, product = self._ask("catalogue", "GET", f"/products/{sku}", None, request)
        if code != 200:
            self._failures.inc("catalogue")
            raise UpstreamFailed(502, f"catalogue answered {code} for {sku}")
        return int(product["cents"])

    def _ask(
        self, upstream: str, method: str, path: str, body: Any, request: Request
    ) -> tuple[int, dict[str, Any]]:
        """Ask another service; while it restarts, ask again. Raises UpstreamFailed."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._line(upstream).ask(method, path, body, request=request.id)
            except Unreachable as error:
                if time.monotonic() > deadline:
                    self._failures.inc(upstream)
                    raise UpstreamFailed(503, f"{upstream} cannot be reached: {error}") from None
                time.sleep(0.1)

    def _line(self, upstream: str) -> Line:
        """This thread's connection to another service."""
        lines: dict[str, Line] = self._lines.__dict__
        return lines.setdefault(upstream, Line(self._ports[upstream]))

    def _break(self, request: Request) -> Answer:
        if request.body.get("name") != "crash":
            return Answer(422, {"error": "checkout has one fault of its own: crash"})
        threading.Timer(0.05, self._stop_rather_than_harm).start()  # once this is answered
        return Answer(200, {"done": "checkout stops"})

    def _stop_rather_than_harm(self) -> None:
        self.journal.error("basket store does not add up; stopping before an order is lost")
        os._exit(FAIL_STOP)


class UpstreamFailed(Exception):
    """Another service could not do its part; `code` is what the customer is answered."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code

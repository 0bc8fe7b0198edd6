"""payments: charges cards. `POST /charge` takes {order, cents, card} and charges an order once.

A charge holds one of the pool's connections to the card processor, is written to the ledger under
its lock, and leaves a receipt in a bounded queue that a mailer works off. The card processor and
the mail server are the only things in the shop that are stood in for, by waiting.
"""

import json
import queue
import random
import threading
import time
from collections import OrderedDict
from typing import Any

from watchbill.demo.place import Place, write_json
from watchbill.demo.services.metrics import Counter, Gauge
from watchbill.demo.services.service import Answer, Handler, Request, Service

POOL = 20  # connections to the card processor, unless set otherwise
LAZY_POOL = 2  # what release 4.12 opens, whatever is set: it looks for a setting of another name
LAZY_RELEASE = "4.12"
QUEUE = 2000  # receipts that may wait; full four minutes after the mailer stops
PROCESSOR = (0.05, 0.12)  # seconds the card processor takes
MAIL = 0.02  # seconds the mail server takes
REPORT = 0.5  # seconds for which the settlement report locks the ledger, over and over
DECLINED, TIMED_OUT = 0.03, 0.001  # shares of charges, on a good day
REMEMBERED = 5000  # charges kept in the ledger


class Payments(Service):
    """Charging, the ledger, the receipts."""

    name = "payments"
    route = ("POST", "/charge")
    codes = ("200", "402", "502", "503")

    def __init__(self, place: Place, version: str) -> None:
        super().__init__(place, version)
        self._settings = place.folder / "payments.json"
        self.pool = Pool(LAZY_POOL if version == LAZY_RELEASE else self._set_size())
        self.receipts: queue.Queue[str] = queue.Queue(QUEUE)
        self.mail_answers = threading.Event()
        self.mail_answers.set()
        self.reporting = threading.Event()
        self._ledger: OrderedDict[str, int] = OrderedDict()
        self._ledger_lock = threading.Lock()
        self._sent = Counter("receipts_sent_total", "Receipts mailed.")
        self._refused = Counter("pool_refusals_total", "Charges refused as no connection was free.")
        self.metrics += [
            self._sent,
            self._refused,
            Gauge("pool_size", "Connections to the card processor.", lambda: self.pool.size),
            Gauge("pool_in_use", "Connections that charge a card now.", lambda: self.pool.in_use),
            Gauge("queue_depth", "Jobs that wait.", self.receipts.qsize, {"queue": "receipts"}),
            Gauge("queue_capacity", "Jobs that may wait.", lambda: QUEUE, {"queue": "receipts"}),
            Gauge("settlement_report_running", "1 while the report runs.", self.reporting.is_set),
        ]  # fmt: skip
        for work in (self._mail_for_ever, self._report_when_asked):
            threading.Thread(target=work, name=work.__name__, daemon=True).start()

    def handle(self, request: Request) -> Answer:
        order, cents = request.body.get("order"), request.body.get("cents")
        if not isinstance(order, str) or not isinstance(cents, int) or cents <= 0:
            return Answer(422, {"error": "a charge needs an order and its cents"})
        if order in self._ledger:
            return Answer(200, {"charged": self._ledger[order], "again": True})
        if self.receipts.full():
            return Answer(503, {"error": "receipt queue is full, charge refused"}, {"order": order})
        if not self.pool.take():
            self._refused.inc()
            noted = {"order": order, "pool_size": self.pool.size}
            return Answer(503, {"error": "connection pool exhausted, charge refused"}, noted)
        try:
            chance = _ask_processor()
        finally:
            self.pool.give_back()
        if chance < TIMED_OUT:
            return Answer(502, {"error": "card processor timed out"}, {"order": order})
        if chance < TIMED_OUT + DECLINED:
            return Answer(402, {"error": "card declined"}, {"order": order})
        waited = self._write_down(order, cents)
        try:
            self.receipts.put_nowait(order)
        except queue.Full:  # filled since it was looked at: the money counts, the mail does not
            self.journal.warning("receipt dropped, queue is full", request=request.id, order=order)
        return Answer(200, {"charged": cents}, {"order": order, "ledger_wait": round(waited, 4)})

    def admin(self) -> dict[str, Handler]:
        return {
            "fault": self._break,
            "queue/drain": self._drain,
            "report/stop": self._stop_report,
            "pool": self._set_pool,
        }

    def state(self) -> dict[str, Any]:
        return {
            "pool": {"size": self.pool.size, "in_use": self.pool.in_use},
            "queue": {"depth": self.receipts.qsize(), "capacity": QUEUE},
            "mailing": self.mail_answers.is_set(),
            "reporting": self.reporting.is_set(),
        }

    def _break(self, request: Request) -> Answer:
        match request.body.get("name"):
            case "queue":
                self.mail_answers.clear()
                return Answer(200, {"done": "the mailer waits for its mail server for ever"})
            case "latency":
                self.reporting.set()
                return Answer(200, {"done": "the settlement report runs"})
        return Answer(422, {"error": "payments has two faults of its own: queue and latency"})

    def _drain(self, request: Request) -> Answer:
        waiting = self.receipts.qsize()
        self.mail_answers.set()
        return Answer(200, {"done": f"mail connection opened anew; {waiting} receipts go out"})

    def _stop_report(self, request: Request) -> Answer:
        ran = self.reporting.is_set()
        self.reporting.clear()
        return Answer(
            200, {"done": "settlement report stopped" if ran else "no report was running"}
        )

    def _set_pool(self, request: Request) -> Answer:
        size = request.body.get("size")
        if not isinstance(size, int) or not 1 <= size <= 200:
            return Answer(422, {"error": "size is a whole number from 1 to 200"})
        write_json(self._settings, {"pool": size})
        if self.version == LAZY_RELEASE:
            return Answer(
                409, {"error": f"kept, but {self.version} opens {LAZY_POOL} all the same"}
            )
        before, self.pool.size = self.pool.size, size
        return Answer(200, {"done": f"pool size {before} → {size}", "size": size})

    def _set_size(self) -> int:
        try:
            return int(json.loads(self._settings.read_text())["pool"])
        except FileNotFoundError:
            return POOL

    def _write_down(self, order: str, cents: int) -> float:
        """Seconds waited for the ledger."""
        begun = time.perf_counter()
        with self._ledger_lock:
            waited = time.perf_counter() - begun
            self._ledger[order] = cents
            if len(self._ledger) > REMEMBERED:
                self._ledger.popitem(last=False)
        return waited

    def _mail_for_ever(self) -> None:
        while True:
            self.receipts.get()
            self.mail_answers.wait()
            time.sleep(MAIL)
            self._sent.inc()

    def _report_when_asked(self) -> None:
        """The settlement report: meant for the night, it reads the ledger under its lock."""
        while True:
            self.reporting.wait()
            with self._ledger_lock:
                time.sleep(REPORT)
            time.sleep(0.01)  # lets those in who wait


class Pool:
    """Connections that are taken or refused at once; the size may change at any time."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.in_use = 0
        self._lock = threading.Lock()

    def take(self) -> bool:
        with self._lock:
            free = self.in_use < self.size
            self.in_use += free
            return free

    def give_back(self) -> None:
        with self._lock:
            self.in_use -= 1


def _ask_processor() -> float:
    """Wait as long as the card processor takes; a number in [0, 1) that decides its answer."""
    time.sleep(random.uniform(*PROCESSOR))  # noqa: S311 - a stand-in, not a secret
    return random.random()  # noqa: S311

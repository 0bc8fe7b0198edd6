"""The shop's customers: about sixteen requests a second, at random, busier in the afternoon.

    python -m watchbill.demo.load --data DATA

Arrivals are a Poisson process, as customers are, so that now and then several come at once: what a
pool of two connections fails at. Each request goes out when it is due, whether or not the ones
before were answered, up to `WORKERS` at a time; beyond that customers give up.
"""

import argparse
import queue
import random
import signal
import threading
import time
from pathlib import Path

from watchbill.demo.place import Place
from watchbill.demo.rhythm import CHECKOUTS, READS, demand
from watchbill.demo.services.catalogue import PRODUCTS
from watchbill.demo.wire import Line, Unreachable
from watchbill.lib import clock, lifeline

WORKERS = 24
_rng = random.Random()  # noqa: S311 - customers, not secrets


def run(place: Place, stop: threading.Event) -> None:
    """Send customers until `stop` is set."""
    due: queue.SimpleQueue[str] = queue.SimpleQueue()
    ports = place.ports()
    for _ in range(WORKERS):
        threading.Thread(target=_serve_customers, args=(due, ports), daemon=True).start()
    at = time.monotonic()
    while not stop.is_set():
        busy = demand(clock.seconds())
        at += _rng.expovariate((CHECKOUTS + READS) * busy)
        wait = at - time.monotonic()
        if wait > 0:
            stop.wait(wait)
        elif wait < -1:  # the machine slept; nobody catches up on yesterday's shopping
            at = time.monotonic()
        if due.qsize() < WORKERS:
            due.put("buy" if _rng.random() < CHECKOUTS / (CHECKOUTS + READS) else "look")


def _serve_customers(due: "queue.SimpleQueue[str]", ports: dict[str, int]) -> None:
    checkout, catalogue = Line(ports["checkout"]), Line(ports["catalogue"])
    while True:
        wish = due.get()
        try:
            if wish == "buy":
                basket = [_product() for _ in range(_rng.choice((1, 1, 2)))]
                checkout.ask("POST", "/checkout", {"basket": basket, "card": "4242"})
            else:
                catalogue.ask("GET", f"/products/{_product()}")
        except Unreachable:
            time.sleep(0.2)  # the alert rules count what the services see, nothing to note here


def _product() -> str:
    """Some products sell far better than others (Zipf-like)."""
    return f"p{int(PRODUCTS ** _rng.random()) - 1}"


def main() -> None:
    """Send customers until told to stop, or until the process that started this one is gone."""
    parser = argparse.ArgumentParser(prog="python -m watchbill.demo.load", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="Watchbill's data folder")
    parser.add_argument("--lifeline", type=int, help="pipe whose end stops the load")
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    lifeline.hold(options.lifeline)
    run(Place.under(options.data), stop)


if __name__ == "__main__":
    main()

"""What can be broken in the example, for real, and the one action that mends each.

Whether a fault is there is never remembered: it is read from the processes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from watchbill.demo.services.payments import LAZY_RELEASE
from watchbill.demo.shop import Shop

State = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    `seen` is what shows, `cause` what is really wrong, `mended` the arguments of
    `watchbill.demo.control` that repair it (the command step of the runbook named `runbook`),
    `alert` the rule that fires.
    """

    name: str
    service: str
    description: str
    seen: str
    cause: str
    mended: tuple[str, ...]
    alert: str
    runbook: str
    break_: Callable[[Shop], str]
    mend: Callable[[Shop], str]
    present: Callable[[State], bool]


FAULTS = {
    fault.name: fault
    for fault in (
        Fault(
            name="errors",
            service="payments",
            description="A new release of payments fails one checkout in eight.",
            seen="checkout answers 502; payments answers 503, “connection pool exhausted”",
            cause=f"payments {LAZY_RELEASE} opens 2 connections to the card processor, not 20",
            mended=("rollback", "payments"),
            alert="CheckoutErrors",
            runbook="checkout-errors",
            break_=lambda shop: shop.deploy("payments", LAZY_RELEASE),
            mend=lambda shop: shop.roll_back("payments"),
            present=lambda state: state["payments"]["release"] == LAZY_RELEASE,
        ),
        Fault(
            name="latency",
            service="payments",
            description="Charging a card takes half a second instead of a tenth.",
            seen="p95 of payments over 0.3 s, checkout slower by as much; no errors",
            cause="the settlement report of the night runs by day and locks the ledger",
            mended=("stop-report", "payments"),
            alert="PaymentsSlow",
            runbook="payments-slow",
            break_=lambda shop: shop.break_("payments", "latency"),
            mend=Shop.stop_report,
            present=lambda state: state["payments"].get("reporting") is True,
        ),
        Fault(
            name="memory",
            service="catalogue",
            description="catalogue's memory grows by two megabytes a second.",
            seen="resident memory and cached pages climb in a straight line",
            cause="the sweeper that drops old pages from the cache stands still",
            mended=("flush", "catalogue"),
            alert="CatalogueMemory",
            runbook="catalogue-memory",
            break_=lambda shop: shop.break_("catalogue", "memory"),
            mend=Shop.flush,
            present=lambda state: state["catalogue"].get("sweeping") is False,
        ),
        Fault(
            name="crash",
            service="checkout",
            description="checkout stops and stays down.",
            seen="the scrape of checkout fails, no orders come in",
            cause="checkout stopped itself rather than lose an order, and is not restarted blindly",
            mended=("restart", "checkout"),
            alert="ServiceDown",
            runbook="service-down",
            break_=lambda shop: shop.break_("checkout", "crash"),
            mend=lambda shop: shop.restart("checkout"),
            present=lambda state: bool(state["checkout"]["held"]),
        ),
        Fault(
            name="queue",
            service="payments",
            description="Receipts are not mailed; once their queue is full, every charge fails.",
            seen="the receipt queue grows by eight a second; when it is full, payments fails",
            cause="the mailer waits for ever on a dead connection to the mail server",
            mended=("drain", "payments"),
            alert="QueueFilling",
            runbook="queue-filling",
            break_=lambda shop: shop.break_("payments", "queue"),
            mend=Shop.drain,
            present=lambda state: state["payments"].get("mailing") is False,
        ),
    )
}


def inject(shop: Shop, name: str) -> str:
    """Break it, unless it is broken so already. Raises KeyError, and what `Shop` raises."""
    fault = FAULTS[name]
    if fault.present(shop.state()):
        return f"{name} is there already"
    return fault.break_(shop)


def heal(shop: Shop, name: str) -> str:
    """Do what the fault's runbook does, if the fault is there."""
    fault = FAULTS[name]
    if not fault.present(shop.state()):
        return f"{name} is not there"
    return fault.mend(shop)


def active(shop: Shop) -> list[str]:
    """The names of the faults that are there now."""
    state = shop.state()
    return [fault.name for fault in FAULTS.values() if fault.present(state)]

"""What the example has to work on from the first moment, brought in through the acts of people.

Each item of `ITEMS` stands alone: one that cannot be done is logged and left out, and the others
come all the same. Every ledger row is stamped, so that nobody takes it for somebody's own work.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction

from watchbill.acts import perform
from watchbill.acts.given import CannotBeDone
from watchbill.acts.perform import Call, NoGoAhead
from watchbill.catalog.models import Component
from watchbill.demo import library
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.people.models import House, Person
from watchbill.people.subject import Subject, UnknownSubject, find

STAMP = "example data"
HOME = "https://git.shop.example"  # .example leads nowhere, for ever: RFC 2606
log = logging.getLogger(__name__)


class NotDone(Exception):
    """An act of the example team did not go through; the message says which and why."""


def bring_in() -> int:
    """Everything that can be brought in; how many items that was."""
    return sum(map(_brought_in, ITEMS))


def links() -> None:
    """Where the code and the documentation of each service are."""
    for slug in ("checkout", "payments", "catalogue"):
        on = _component(slug)
        does("associate", "catalog.set_link", on, title="Repository", url=f"{HOME}/shop/{slug}")
        does(
            "associate", "catalog.set_link", on,
            title="Documentation", url=f"https://docs.shop.example/{slug}",
        )  # fmt: skip


def charts() -> None:
    """A chart more than the components file has."""
    does(
        "senior", "monitoring.set_chart", _component("catalogue"), title="Pages in the cache",
        query='cache_entries{job="example", service="catalogue"}',
    )  # fmt: skip


def anomaly() -> None:
    """Something the junior saw, for somebody above her to answer."""
    does(
        "junior", "monitoring.report_anomaly", _component("catalogue"),
        what="Memory of catalogue climbs in steps during the day. Is that usual?",
        query='process_resident_memory_bytes{job="example", service="catalogue"}',
        start=(clock.now() - timedelta(hours=6)).isoformat(),
    )  # fmt: skip


def change() -> None:
    """A change with a window tomorrow, and an improvement that asks for one."""
    begins = (clock.now() + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    does(
        "associate", "maintenance.plan_change", _component("catalogue"), kind="capacity",
        title="Let catalogue keep twice as many pages",
        description="Raise the limit of the cache, then watch memory and answer times for an hour.",
        backout="Set the limit back and empty the cache.",
        starts=begins.isoformat(), ends=(begins + timedelta(hours=1)).isoformat(),
    )  # fmt: skip


def improvement() -> None:
    """A suggestion of the junior, to be decided on."""
    does(
        "junior", "practice.propose_improvement", _component("payments"),
        title="Alert on the pool before it is empty",
        expected="We hear of a pool that fills up before a customer does.",
        measure='sum(rate(http_requests_total{job="example", service="payments", code="503"}[5m]))',
    )  # fmt: skip


def investigation() -> None:
    """A question of the associate, with a hypothesis and a finding of the junior to judge."""
    opened = does(
        "associate", "investigations.open_investigation", _component("catalogue"),
        title="Why does the memory of catalogue climb in steps?", area="monitoring",
    )  # fmt: skip
    could_be = does(
        "junior", "investigations.propose", opened,
        text="By day more pages are asked for than the sweeper drops.",
    )  # fmt: skip
    does(
        "junior", "investigations.add_finding", could_be,
        text="Pages in the cache and memory climb at the same times.",
    )  # fmt: skip


def coverage() -> None:
    """A review of what is watched, open for everybody, with a gap that nobody owns yet."""
    on = _component("payments").owner
    review = does("senior", "practice.open_review", on, kind="coverage")
    does(
        "associate", "practice.add_gap", review, component="payments",
        what="Nobody would notice that receipts are mailed late while the queue is short.",
    )  # fmt: skip


def pairing() -> None:
    """The senior and the junior, on one duty for a fortnight."""
    learner = Person.objects.get(username="junior", example=True)
    does(
        "senior", "practice.start_pairing", learner, duties=["IR-L1-3"],
        plan="Run one runbook together each week; the junior reads every preview aloud.",
        until=(clock.now() + timedelta(days=14)).date().isoformat(),
    )  # fmt: skip


def watch() -> None:
    """The associate watches over the storefront, with a first line in the log."""
    seat = does("associate", "seats.take_watch", _component("checkout").owner)
    does(
        "associate", "seats.log", seat, text="Quiet. Checkout takes its usual orders.",
        query='sum(rate(orders_total{job="example", service="checkout", result="paid"}[5m]))',
    )  # fmt: skip


def caretaker() -> None:
    """The associate looks after payments."""
    does("associate", "seats.take_care", _component("payments"))


def accountable() -> None:
    """The lead answers for each area; a senior stands in."""
    deputies = zip(Area, ("senior", "crossing", "senior"), strict=True)
    for area, deputy in deputies:
        seat = does(
            "lead", "seats.appoint", House.get(), area=area.value, holder="lead", deputy=deputy
        )
        does("lead", "seats.accept_seat", seat)


def standard() -> None:
    """What every service has, in force, checked every five minutes: one component has not all."""
    begun = does(
        "lead", "standards.start_standard", House.get(), title="What every service has",
        area="monitoring", kind="quality", owner="senior",
        about="Whoever is called at night finds the charts, the code and somebody to ask.",
    )  # fmt: skip
    version = does(
        "lead", "standards.draft_version", begun,
        text="- Two charts on its page.\n- Links to its repository and its documentation.\n"
        "- A team of two or more that owns it.",
        reason="In the night of a slow ledger nobody found the code of payments for half an hour.",
    )  # fmt: skip
    for check, given in (
        ("has-chart", "at_least=2"),
        ("has-links", "titles=repository, documentation"),
        ("owner-has-members", "at_least=2"),
    ):
        does("lead", "standards.add_check", version, check=check, given=[given])
    does("lead", "standards.put_in_force", version)


def proposals() -> None:
    """A chart that the junior misses, and a process to take a position on."""
    does(
        "junior", "proposals.propose", _component("payments"), kind="chart",
        title="Show how full the pool is",
        text="When payments was slow I could not see whether its connections were all in use.",
        query='pool_in_use{job="example", service="payments"} '
        '/ pool_size{job="example", service="payments"}',
        minutes=360,
    )  # fmt: skip
    does(
        "associate",
        "proposals.propose",
        House.get(),
        kind="process",
        area="incident-response",
        title="Tell the shop's support before the first update",
        text="They hear of a failing checkout from customers. Could the lead tell them first?",
    )


def tour() -> None:
    """A tour over the pages of checkout, for whoever is new."""
    does("senior", "tours.publish", House.get(), text=library.tour())


ITEMS: tuple[Callable[[], None], ...] = (
    links, charts, anomaly, change, improvement, investigation, coverage, pairing, watch,
    caretaker, accountable, standard, proposals, tour,
)  # fmt: skip


def does(who: str, act: str, on: Subject, **given: Any) -> Subject:
    """Somebody of the example team does it alone; what came of it, or `on`. Raises NotDone."""
    by = Person.objects.get(username=who, example=True)
    entry = perform.submit(act, by, on, given, Call(via="work", stamp=STAMP))
    if entry.state != "done":
        raise NotDone(f"{who} may not {act} alone: {entry.reason}")
    made = entry.came_of_it.get("ref")
    return find(made) if made else on


def _component(slug: str) -> Component:
    return Component.objects.get(slug=slug)


def _brought_in(item: Callable[[], None]) -> bool:
    try:
        with transaction.atomic():
            item()
    except (CannotBeDone, NoGoAhead, NotDone, UnknownSubject) as error:
        log.warning("The example goes without its %s: %s", item.__name__, error)
        return False
    return True

"""Sends what is in the outbox: at least once, and never a second time without saying so.

A delivery is claimed under a lease, sent outside any transaction, then marked done. A worker that
dies in between leaves `begun_at` set: whoever claims the row after its lease marks it a repeat.
"""

import logging
import random
import re
import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import Q, QuerySet

from watchbill.acts import record
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.paging import escalate
from watchbill.paging.channels.base import Channel, Message, NotSent
from watchbill.paging.messages import compose
from watchbill.paging.models import Delivery
from watchbill.web.live import publish

AT_ONCE = 8  # messages under way on one channel
PROMPT = 0.3  # seconds that a fresh batch is waited for
LEASE = timedelta(seconds=20)  # renewed while a message is under way
FIRST_WAIT, LONGEST_WAIT = 2.0, 300.0  # seconds between attempts, doubled each time
GIVE_UP_AFTER = timedelta(hours=1)
Outcome = Delivery.Outcome
_log = logging.getLogger(__name__)


class Outbox:
    """Delivers by one channel. A receiver that hangs takes one of its places, not all."""

    def __init__(self, name: str, make: Callable[[], Channel]) -> None:
        self.name, self.make = name, make
        self.worker = secrets.token_hex(8)
        self.channel: Channel | None = None
        self.pool: ThreadPoolExecutor | None = None
        self.under_way: dict[Future[None], Delivery] = {}
        self.renewed: datetime | None = None

    def tick(self, now: datetime) -> int:
        """Mark what was sent, send what is due; how many deliveries moved on."""
        finished = self._finish(now)
        self._renew(now)
        free = AT_ONCE - len(self.under_way)
        begun = self._begin(now, free) if free else 0
        if begun:  # most are sent in a moment: marked now, they are no repeat if we stop next
            wait(self.under_way, timeout=PROMPT)
            self._finish(now)
        return finished + begun

    def drain(self, now: datetime, patience: float = 10.0) -> int:
        """Wait for what is under way and mark it; how many. For tests."""
        wait(self.under_way, timeout=patience)
        return self._finish(now)

    def _begin(self, now: datetime, free: int) -> int:
        due = Delivery.objects.filter(
            Q(lease_until=None) | _reached("lease_until", now, LEASE),
            _reached("due_at", now, timedelta(seconds=LONGEST_WAIT * 1.2)),
            channel=self.name,
            done_at=None,
        ).exclude(pk__in=[delivery.pk for delivery in self.under_way.values()])
        if not due.exists():
            return 0
        with transaction.atomic():
            claimed = list(
                due.select_for_update(skip_locked=True, of=("self",))
                .select_related(
                    "page__person",
                    "page__handed_from__person",
                    "method",
                    "page__escalation__alert__component",
                )
                .order_by("due_at")[:free]
            )
            wanted = [delivery for delivery in claimed if not self._drop(delivery, now)]
            for delivery in wanted:
                self._claim(delivery, now)
        for delivery in wanted:
            try:
                self.under_way[self._send(compose(delivery, now))] = delivery
            except InvalidToken:
                why = "the signing secret was sealed with another key"
                self._end(delivery, now, Outcome.FAILED, why)
        return len(claimed)

    def _claim(self, delivery: Delivery, now: datetime) -> None:
        """Write down that an attempt begins, before it does."""
        delivery.repeat = delivery.begun_at is not None
        delivery.begun_at = delivery.begun_at or now
        delivery.attempts += 1
        delivery.worker, delivery.lease_until = self.worker, now + LEASE
        delivery.save(update_fields=["repeat", "begun_at", "attempts", "worker", "lease_until"])

    def _send(self, message: Message) -> Future[None]:
        if self.pool is None or self.channel is None:
            self.channel = self.make()
            self.pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=self.name)
        return self.pool.submit(self.channel.send, message)

    def _drop(self, delivery: Delivery, now: datetime) -> bool:
        """What nobody needs to hear any more, or cannot be heard, is not sent."""
        why = ""
        if delivery.kind == Delivery.Kind.PAGE and not delivery.page.open:
            why = "answered or ended before it was sent"
        elif delivery.method and delivery.method.removed_at:
            why = "the contact method was removed"
        if why:
            self._end(delivery, now, Outcome.DROPPED, why)
        return bool(why)

    def _finish(self, now: datetime) -> int:
        done = [future for future in self.under_way if future.done()]
        for future in done:
            delivery = self.under_way[future]
            error = future.exception()
            if error is None:
                self._end(delivery, now, Outcome.SENT, "")
            elif isinstance(error, NotSent):
                self._failed(delivery, error, now)
            else:  # a fault of ours must not stop the others
                _log.error("Sending by %s failed", self.name, exc_info=error)
                self._failed(delivery, NotSent(repr(error), maybe=True), now)
            del self.under_way[future]  # only now: a database that is away must not lose the answer
        return len(done)

    def _renew(self, now: datetime) -> None:
        """Keep the leases of what is under way: nobody else sends it meanwhile."""
        if self.under_way and (self.renewed is None or now - self.renewed > LEASE / 4):
            numbers = [delivery.pk for delivery in self.under_way.values()]
            mine = Delivery.objects.filter(pk__in=numbers, worker=self.worker, done_at=None)
            mine.update(lease_until=now + LEASE)
            self.renewed = now

    def _failed(self, delivery: Delivery, error: NotSent, now: datetime) -> None:
        """Try again later, ever more seldom; give up when it is hopeless or an hour has passed."""
        if error.final or now - delivery.page.sent_at > GIVE_UP_AFTER:
            self._end(delivery, now, Outcome.FAILED, str(error))
            return
        back_off = min(FIRST_WAIT * 2.0 ** (delivery.attempts - 1), LONGEST_WAIT)
        back_off *= random.uniform(0.8, 1.2)  # noqa: S311 - spreads attempts, guards nothing
        fields = {"due_at": now + timedelta(seconds=back_off), "lease_until": None}
        if not error.maybe and not delivery.repeat:
            fields["begun_at"] = None  # nothing arrived: the next attempt is no repeat
        self._mine(delivery).update(error=_unnamed(delivery, str(error))[:300], **fields)

    def _end(self, delivery: Delivery, now: datetime, outcome: Outcome, error: str) -> None:
        error = _unnamed(delivery, error)
        with transaction.atomic():
            open_row = Delivery.objects.filter(pk=delivery.pk, done_at=None)
            if not open_row.update(
                done_at=now, outcome=outcome, error=error[:300], lease_until=None
            ):
                return
            if outcome == Outcome.FAILED:
                record.machine(
                    "paging.not_delivered",
                    delivery.page,
                    f"could not reach {delivery.page.person} by {delivery.channel}: {error}",
                    by=escalate.machine(),
                    area=Area.INCIDENT_RESPONSE,
                )
            publish(delivery.page.ref)

    def _mine(self, delivery: Delivery) -> QuerySet[Delivery]:
        return Delivery.objects.filter(pk=delivery.pk, worker=self.worker, done_at=None)


def _unnamed(delivery: Delivery, text: str) -> str:
    """`text` without the address: that is personal, and erased when its owner removes it."""
    address = delivery.method.address if delivery.method else delivery.page.person.email
    return re.sub(re.escape(address), "(the address)", text, flags=re.I) if address else text


def _reached(field: str, now: datetime, most: timedelta) -> Q:
    """The moment has come, or lies further ahead than `most`: the clock was put back since."""
    ahead = now + most + clock.SET_BACK
    return Q(**{f"{field}__lte": now}) | Q(**{f"{field}__gt": ahead})

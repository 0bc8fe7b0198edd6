"""Puts messages into the outbox: which ways there are to reach a person, and one row for each."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from watchbill.paging.models import Delivery, Page
from watchbill.people.models import ContactMethod, Person

Kind = Delivery.Kind


def ways(person: Person, channels: Iterable[str]) -> list[tuple[str, ContactMethod | None]]:
    """Channel and contact method by which a person is called, in the person's own order.

    Somebody who has none of the wanted kind is called by whatever they have, and somebody without
    any contact method by the email address of their account: reaching matters more than how.
    """
    kept = [method for method in person.contact_methods.all() if method.removed_at is None]
    methods = sorted(kept, key=lambda method: (method.order, method.pk))
    wanted = set(channels)
    chosen = [method for method in methods if method.kind in wanted] or methods
    if chosen:
        return [(method.kind, method) for method in chosen]
    return [(ContactMethod.Kind.EMAIL.value, None)] if person.email else []


def put(page: Page, now: datetime) -> list[str]:
    """One delivery of the page for each way; the channels used."""
    found = ways(page.person, page.channels)
    for channel, method in found:
        _put(page, Kind.PAGE, channel, method, now)
    return list(dict.fromkeys(channel for channel, _ in found))


def put_end(page: Page, now: datetime) -> None:
    """Tell whoever was told of the alert that it has ended."""
    told = page.deliveries.filter(kind=Kind.PAGE, begun_at__isnull=False)
    for sent in told.exclude(outcome__in=[Delivery.Outcome.FAILED, Delivery.Outcome.DROPPED]):
        _put(page, Kind.ENDED, sent.channel, sent.method, now)


def _put(
    page: Page, kind: Delivery.Kind, channel: str, method: ContactMethod | None, now: datetime
) -> None:
    what = f"{page.pk} {kind} {channel} {method and method.pk} {page.sent_at.isoformat()}"
    key = "msg_" + hashlib.blake2b(what.encode(), digest_size=16).hexdigest()
    Delivery.objects.create(
        page=page, kind=kind, channel=channel, method=method, key=key, due_at=now
    )

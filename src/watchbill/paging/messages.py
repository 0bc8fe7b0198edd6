"""What a page says: a subject and a text for people, data for machines."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from watchbill.acts.given import unseal
from watchbill.alerts.models import Alert
from watchbill.paging.channels.base import Message
from watchbill.paging.models import Delivery, Page
from watchbill.web.words import duration_words, utc_words

SHOWN_LABELS = 20


def compose(delivery: Delivery, now: datetime) -> Message:
    """The message of one delivery, with the receiver's address as it is now."""
    page, method = delivery.page, delivery.method
    alert = page.escalation.alert
    ended = delivery.kind == Delivery.Kind.ENDED
    link = f"{settings.URL}{reverse('paging:page', args=[page.pk])}"
    return Message(
        to=method.address if method else page.person.email,
        key=delivery.key,
        subject=_subject(alert, ended=ended),
        text=_text(page, alert, link, ended=ended),
        at=now,
        data=_data(delivery, page, alert, link, now),
        repeat=delivery.repeat,
        secret=unseal(method.signing_secret) if method and method.signing_secret else "",
    )


def _subject(alert: Alert, *, ended: bool) -> str:
    where = f"{alert.component}: " if alert.component else ""
    severity = f" ({alert.severity})" if alert.severity else ""
    return f"{'Resolved' if ended else 'Page'}: {where}{alert}{severity}"[:200]


def _text(page: Page, alert: Alert, link: str, *, ended: bool) -> str:
    lines = [alert.summary or alert.name, ""]
    if ended and alert.starts_at and alert.ends_at:
        lines.append(
            f"It fired for {duration_words(alert.ends_at - alert.starts_at)} and has ended."
        )
    elif alert.starts_at:
        lines.append(f"Firing since {utc_words(alert.starts_at)}.")
    if page.handed_from and not ended:
        lines.append(f"{page.handed_from.person} handed it on to you: {page.note}")
    if not ended:
        wait = duration_words(page.due_at - page.sent_at)
        lines += ["", f"Acknowledge it within {wait}, or hand it on:"]
    lines += [link, ""]
    for name in ("description", "runbook_url"):
        if text := alert.annotations.get(name):
            lines.append(f"{name.replace('_url', '').capitalize()}: {text}")
    lines += [f"  {name} = {text}" for name, text in sorted(alert.labels.items())[:SHOWN_LABELS]]
    return "\n".join(lines) + "\n"


def _data(
    delivery: Delivery, page: Page, alert: Alert, link: str, now: datetime
) -> dict[str, object]:
    """The body of a webhook: type, timestamp and data, as Standard Webhooks recommends."""
    return {
        "type": f"page.{'ended' if delivery.kind == Delivery.Kind.ENDED else 'sent'}",
        "timestamp": now.isoformat(),
        "repeat": delivery.repeat,
        "data": {
            "page": page.pk,
            "url": link,
            "person": page.person.username,
            "answer_until": page.due_at.isoformat(),
            "alert": {
                "id": alert.pk,
                "name": alert.name,
                "state": alert.state,
                "severity": alert.severity,
                "component": alert.component.slug if alert.component else None,
                "summary": alert.summary,
                "starts_at": alert.starts_at and alert.starts_at.isoformat(),
                "ends_at": alert.ends_at and alert.ends_at.isoformat(),
                "labels": alert.labels,
                "annotations": alert.annotations,
            },
        },
    }

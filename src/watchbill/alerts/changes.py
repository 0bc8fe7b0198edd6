"""What every source of alerts shares: how an alert is identified, and how a change is handed on."""

import hashlib
from collections.abc import Iterable, Mapping

from watchbill.alerts.models import COMPONENT_LABELS, Change
from watchbill.catalog.models import Component
from watchbill.web.live import publish

Moved = tuple[int, str, str]  # the alert's number, its state before ("" when new) and after


def fingerprint(source: str, labels: Mapping[str, str]) -> str:
    """What makes two messages the same alert: who says it, and its set of labels."""
    digest = hashlib.blake2b(source.encode(), digest_size=12)
    for name in sorted(labels):
        digest.update(b"\xff" + name.encode() + b"\xff" + labels[name].encode())
    return digest.hexdigest()


def hand_on(moved: Iterable[Moved]) -> None:
    """Write what paging reads, and tell live pages. Call it in the transaction of the change."""
    rows = [Change(alert_id=alert, before=before, after=after) for alert, before, after in moved]
    if rows:
        Change.objects.bulk_create(rows)
        publish("alerts", *sorted({f"alerts.alert:{row.alert_id}" for row in rows}))


def components_of(all_labels: Iterable[Mapping[str, str]]) -> dict[str, int]:
    """Slug -> number of the components that any of these labels name."""
    named = {str(labels[n]) for labels in all_labels for n in COMPONENT_LABELS if n in labels}
    if not named:
        return {}
    return dict(Component.objects.filter(slug__in=named).values_list("slug", "id"))


def component_of(labels: Mapping[str, str], known: Mapping[str, int]) -> int | None:
    """The number of the component that these labels name first, or None."""
    named = (known.get(str(labels[name])) for name in COMPONENT_LABELS if name in labels)
    return next((number for number in named if number is not None), None)

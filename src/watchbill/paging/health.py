"""What of paging an operator has to mend."""

from collections.abc import Iterator
from datetime import timedelta

from watchbill.lib import clock
from watchbill.paging import reads
from watchbill.paging.models import Delivery, Escalation, EscalationPolicy
from watchbill.paging.ticks import OUTBOXES
from watchbill.people.models import ContactMethod
from watchbill.web.health import Problem

LATE = timedelta(seconds=30)  # a message that waits longer is held up


def problems() -> Iterator[Problem]:
    """Channels that cannot send, messages held up, policies that reach nobody, unanswered calls."""
    used = set(ContactMethod.objects.filter(removed_at=None).values_list("kind", flat=True))
    now = clock.now()
    for box in OUTBOXES:
        waiting = Delivery.objects.filter(channel=box.name, done_at=None)
        if (box.name in used or waiting.exists()) and (what := box.make().check()):
            yield Problem(f"pages by {box.name}", what)
        late = waiting.filter(page__sent_at__lt=now - LATE).order_by("id")
        if stuck := late.last():
            why = f": {stuck.error}" if stuck.error else ""
            yield Problem(f"pages by {box.name}", f"{late.count()} messages wait to be sent{why}")
    for policy in EscalationPolicy.objects.order_by("name"):
        steps = reads.preview(policy)
        if not any(one.channels for step in steps for one in step.called):
            yield Problem(
                f"escalation policy {policy}",
                "reaches nobody",
                "Name people who have a contact method or an email address.",
            )
    unanswered = Escalation.objects.filter(state=Escalation.State.UNANSWERED)
    for escalation in unanswered.select_related("alert", "policy").order_by("id")[:20]:
        yield Problem(str(escalation.alert), "was answered by nobody", f"By {escalation.policy}.")

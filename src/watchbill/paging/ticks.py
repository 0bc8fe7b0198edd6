"""What happens to pages without a person. Each channel has a lane of its own."""

from django.conf import settings

from watchbill.lib.ticks import Tick
from watchbill.paging import escalate
from watchbill.paging.channels.email import Email
from watchbill.paging.channels.webhook import Webhook
from watchbill.paging.deliver import Outbox

OUTBOXES = [
    Outbox("email", lambda: Email(settings.SMTP_URL, settings.MAIL_FROM)),
    Outbox("webhook", Webhook),
]

TICKS = [
    Tick("paging.take_changes", escalate.take_changes, every=0.2, lane="paging"),
    Tick("paging.take_steps", escalate.take_steps, every=0.2, lane="paging"),
    Tick("paging.catch_up", escalate.catch_up, every=10, lane="paging"),
    *(Tick(f"paging.{box.name}", box.tick, every=0.2, lane=f"by-{box.name}") for box in OUTBOXES),
]

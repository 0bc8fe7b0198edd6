"""From alerts to pages: claims what changed, takes the steps that are due.

Each claim does guard, effect and done in one transaction, so a worker that is killed leaves either
nothing or everything, and two workers never take the same step.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from watchbill.acts import record
from watchbill.alerts.models import Alert, Change, silenced_by, silences_at
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.lib.ticks import for_a_moment
from watchbill.paging import outbox, plan
from watchbill.paging.models import Escalation, Page
from watchbill.paging.plan import Call
from watchbill.people.models import Person
from watchbill.web.live import publish
from watchbill.web.words import duration_words

QUIET_SEVERITIES = frozenset({"info", "none"})  # shown, but never called for
LOOK_AGAIN = timedelta(minutes=1)  # at a silenced alert: its silence may be ended early
AT_ONCE = 20  # rows claimed in one transaction, at most
OPEN = (Page.State.SENT, Page.State.ESCALATED)
State = Escalation.State


def take_changes(now: datetime) -> int:
    """Open and end escalations for alerts that changed; how many changes were processed."""
    waiting = Change.objects.filter(processed_at=None)
    if not waiting.exists():
        return 0
    with transaction.atomic():
        claimed = waiting.select_for_update(skip_locked=True, of=("self",))
        changes = list(claimed.select_related("alert__component").order_by("id")[:AT_ONCE])
        taken = []
        for change in for_a_moment(changes):
            taken.append(change.pk)
            if change.after == Alert.State.FIRING:
                _open(change, now)
            elif change.after == Alert.State.RESOLVED:
                _end_all(change.alert, now)
        Change.objects.filter(pk__in=taken).update(processed_at=now)
    return len(taken)


def take_steps(now: datetime) -> int:
    """Take the steps that are due; how many."""
    due = Escalation.objects.filter(due_at__lte=now)
    if not due.exists():
        return 0
    with transaction.atomic():
        claimed = due.select_for_update(skip_locked=True, of=("self",))
        rows = list(
            claimed.select_related("alert__component", "policy").order_by("due_at")[:AT_ONCE]
        )
        taken = 0
        for taken, escalation in enumerate(for_a_moment(rows), start=1):  # noqa: B007
            _take_step(escalation, now)
    return taken


def catch_up(now: datetime) -> int:
    """Make due what waits only because the clock was put back since its last step; how many."""
    last = Page.objects.filter(escalation=OuterRef("pk")).order_by("-id").values("sent_at")[:1]
    waiting = Escalation.objects.filter(due_at__gt=now + LOOK_AGAIN + clock.SET_BACK)
    held_up = waiting.annotate(last=Coalesce(Subquery(last), "began_at"))
    return held_up.filter(last__gt=now + clock.SET_BACK).update(due_at=now)


def machine() -> Person:
    """The automation that pages; made on first use. It cannot sign in."""
    found = Person.objects.filter(username="watch").first()
    if found is None:
        found, _ = Person.objects.get_or_create(
            username="watch", defaults={"name": "Watch", "automation": True, "password": "!"}
        )
    return found


def end(escalation: Escalation, now: datetime) -> None:
    """Stop calling, and tell whoever was called that the alert has ended."""
    escalation.state, escalation.due_at, escalation.ended_at = State.ENDED, None, now
    escalation.save(update_fields=["state", "due_at", "ended_at"])
    for page in escalation.pages.select_related("person").order_by("id"):
        outbox.put_end(page, now)
        publish(page.ref)
    stop(escalation.pages.filter(state__in=OPEN))


def stop(pages: "QuerySet[Page]") -> None:
    """These pages need no answer any more."""
    pages.update(state=Page.State.ENDED)
    publish("pages")


def _open(change: Change, now: datetime) -> None:
    alert = change.alert
    _end_all(alert, now)
    if alert.state != Alert.State.FIRING or alert.severity.lower() in QUIET_SEVERITIES:
        return
    policy = plan.policy_for(alert.component)
    Escalation.objects.create(
        alert=alert, change=change, policy=policy, edition=policy.edition, began_at=now, due_at=now
    )


def _end_all(alert: Alert, now: datetime) -> None:
    for escalation in alert.escalations.select_for_update().exclude(state=State.ENDED):
        end(escalation, now)


def _take_step(escalation: Escalation, now: datetime) -> None:
    alert = escalation.alert
    if alert.state != Alert.State.FIRING or alert.closed_at is not None:
        return end(escalation, now)
    if quiet := silenced_by(alert, silences_at(now)):
        until = max(silence.ends_at for silence in quiet)
        escalation.due_at = min(until, now + LOOK_AGAIN)
        return escalation.save(update_fields=["due_at"])
    calls = plan.calls(escalation.policy, escalation.edition)
    late = _mark_unanswered(escalation)
    if escalation.taken >= len(calls) * escalation.policy.rounds:
        return _give_up(escalation)
    return _call(escalation, calls[escalation.taken % len(calls)], late, now)


def _mark_unanswered(escalation: Escalation) -> list[Page]:
    """The pages that nobody answered in time."""
    late = list(escalation.pages.filter(state=Page.State.SENT).select_related("person"))
    escalation.pages.filter(pk__in=[page.pk for page in late]).update(state=Page.State.ESCALATED)
    return late


def _call(escalation: Escalation, call: Call, late: list[Page], now: datetime) -> None:
    """Page everybody of one step. A step that reaches nobody is not waited for."""
    due = now + timedelta(seconds=call.wait)
    reached = False
    for person in call.people:
        page = Page.objects.create(
            escalation=escalation,
            person=person,
            taken=escalation.taken,
            channels=list(call.channels),
            sent_at=now,
            due_at=due,
        )
        reached = bool(send(page, now, _why(late))) or reached
    if not call.people:
        record.machine(
            "paging.reached_nobody",
            escalation.alert,
            f"step {escalation.taken + 1} of the policy {escalation.policy} calls nobody",
            by=machine(),
            area=Area.INCIDENT_RESPONSE,
        )
    escalation.taken += 1
    escalation.due_at = due if reached else now
    escalation.save(update_fields=["taken", "due_at"])
    publish("pages")


def send(page: Page, now: datetime, why: str = "") -> list[str]:
    """Put a page's messages into the outbox and say so in the timelines; the channels used."""
    used = outbox.put(page, now)
    says = (
        f"paged {page.person} by {' and '.join(used)}"
        if used
        else (f"found no way to reach {page.person}: no contact method, no email address")
    )
    record.machine(
        "paging.paged" if used else "paging.unreachable",
        page,
        says + why,
        by=machine(),
        area=Area.INCIDENT_RESPONSE,
        facts={"channels": used},
    )
    return used


def _why(late: list[Page]) -> str:
    if not late:
        return ""
    names = " and ".join(str(page.person) for page in late)
    waited = duration_words(max(page.due_at - page.sent_at for page in late))
    return f": {names} did not answer within {waited}"


def _give_up(escalation: Escalation) -> None:
    escalation.state, escalation.due_at = State.UNANSWERED, None
    escalation.save(update_fields=["state", "due_at"])
    record.machine(
        "paging.unanswered",
        escalation.alert,
        f"nobody answered: the policy {escalation.policy} is at its end",
        by=machine(),
        area=Area.INCIDENT_RESPONSE,
    )
    publish("pages")

"""What the pages of paging show."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet, prefetch_related_objects

from watchbill.alerts.models import Alert
from watchbill.paging import outbox, plan
from watchbill.paging.models import Delivery, Escalation, EscalationPolicy, Page
from watchbill.people.models import Person

OPEN = (Page.State.SENT, Page.State.ESCALATED)
PAST = 50


@dataclass(frozen=True)
class Called:
    """Somebody in a plan: by which channels they would be called now; none: not at all."""

    person: Person
    channels: Sequence[str]


@dataclass(frozen=True)
class Step:
    """A step of a plan as it would be taken now; `after` in seconds from the alert."""

    number: int
    after: int
    wait: int
    called: Sequence[Called]


def preview(policy: EscalationPolicy) -> list[Step]:
    """Whom the policy would call now, step by step, through one round."""
    calls = plan.calls(policy, policy.edition)
    people = [person for call in calls for person in call.people]
    prefetch_related_objects(people, "contact_methods")
    steps, after = [], 0
    for number, call in enumerate(calls, start=1):
        called = [Called(person, _channels(person, call)) for person in call.people]
        steps.append(Step(number, after, call.wait, called))
        if any(one.channels for one in called):
            after += call.wait
    return steps


def _channels(person: Person, call: plan.Call) -> list[str]:
    return list(dict.fromkeys(channel for channel, _ in outbox.ways(person, call.channels)))


def open_pages(person: Person) -> QuerySet[Page]:
    """What still asks this person for an answer, newest first."""
    return _joined().filter(person=person, state__in=OPEN).order_by("-id")


def past_pages(person: Person) -> QuerySet[Page]:
    """What this person was paged for before."""
    return _joined().filter(person=person).exclude(state__in=OPEN).order_by("-id")[:PAST]


def _joined() -> QuerySet[Page]:
    return Page.objects.select_related(
        "person", "answered_by", "escalation__alert__component", "escalation__policy"
    )


def escalations(alert: Alert) -> QuerySet[Escalation]:
    """How people were called for an alert, newest first."""
    found = alert.escalations.select_related("policy").order_by("-id")
    return found.prefetch_related("pages__person", "pages__deliveries", "pages__answered_by")


def deliveries(page: Page) -> QuerySet[Delivery]:
    """The messages of a page."""
    return page.deliveries.select_related("method").order_by("id")


def policies() -> list[EscalationPolicy]:
    """All policies, the one for everything else last; it exists from the start."""
    found = EscalationPolicy.objects.prefetch_related("coverage__component")
    return list(found.order_by("for_rest", "name"))

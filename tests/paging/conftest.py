"""People who can be called, a plan, alerts, and channels that remember."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from watchbill.alerts.changes import hand_on
from watchbill.alerts.models import Alert
from watchbill.lib import clock
from watchbill.paging import escalate, plan
from watchbill.paging.channels.memory import Memory
from watchbill.paging.deliver import Outbox
from watchbill.paging.models import EscalationPolicy
from watchbill.people.models import ContactMethod, Person

T0 = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Fire = Callable[..., Alert]


@pytest.fixture(autouse=True)
def clock_at_t0(request: pytest.FixtureRequest) -> Iterator[None]:
    """The clock stands at T0; `at` moves it. Tests with real servers have real time."""
    if "server" in request.keywords:
        yield
        return
    real, clock.now = clock.now, lambda: now[0]
    yield
    clock.now = real
    now[0] = T0


now = [T0]


def at(minutes: float) -> datetime:
    """Set the clock so many minutes after T0."""
    now[0] = T0 + minutes * MINUTE
    return now[0]


def tick(minutes: float) -> None:
    """What the paging lane does at this moment, until nothing is left to do."""
    when = at(minutes)
    while escalate.take_changes(when) or escalate.take_steps(when):
        pass


@pytest.fixture
def reach() -> Callable[..., ContactMethod]:
    """`reach(ann, "email")`: a contact method."""

    def make(person: Person, kind: str = "email", address: str = "") -> ContactMethod:
        to = address or f"{person.username}@example.org"
        return ContactMethod.objects.create(person=person, kind=kind, address=to)

    return make


@pytest.fixture
def policy(
    ann: Person, sam: Person, lea: Person, reach: Callable[..., ContactMethod]
) -> EscalationPolicy:
    """Ann for 5 minutes, Sam and Lea for 10; everybody has email."""
    for person in (ann, sam, lea):
        reach(person)
    made = EscalationPolicy(slug="shop", name="Shop", for_rest=True)
    made.save()
    plan.put(made, plan.parse("ann, wait 5 min\nsam, lea by email, wait 10 min"))
    made.save()
    return made


@pytest.fixture
def fire(db: None) -> Fire:
    """`fire("Disk")`: an alert begins to fire."""

    def make(name: str = "Errors", severity: str = "critical", **fields: object) -> Alert:
        alert, _ = Alert.objects.update_or_create(
            fingerprint=name,
            defaults={
                "name": name, "labels": {"alertname": name}, "severity": severity,
                "annotations": {"summary": f"{name} happen"}, "state": "firing",
                "starts_at": clock.now(), **fields,
            },
        )  # fmt: skip
        hand_on([(alert.pk, "", "firing")])
        return alert

    return make


def resolve(alert: Alert) -> None:
    """The alert ends."""
    alert.state, alert.ends_at = "resolved", clock.now()
    alert.save()
    hand_on([(alert.pk, "firing", "resolved")])


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def box(memory: Memory) -> Outbox:
    """The outbox of email, delivering to `memory`."""
    return Outbox("email", lambda: memory)


def deliver(box: Outbox, minutes: float = 0.0) -> None:
    """Send what is due."""
    when = at(minutes)
    while box.tick(when) or box.under_way:
        box.drain(when)

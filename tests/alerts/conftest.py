"""Alerts, their sources, and a telemetry that says what a test tells it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from watchbill.alerts.models import Alert, Rule, RuleFile, RuleGroup
from watchbill.catalog.models import Component
from watchbill.people.identify import digest
from watchbill.people.models import Person, Team, Token
from watchbill.prometheus import Sample

T0 = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@dataclass
class FakeTelemetry:
    """Answers every query with `samples`, or raises `error`."""

    samples: Sequence[Sample] = ()
    error: Exception | None = None
    asked: list[tuple[str, datetime | None]] = field(default_factory=list)

    def __call__(self, query: str, at: datetime | None = None) -> Sequence[Sample]:
        self.asked.append((query, at))
        if self.error:
            raise self.error
        return self.samples

    def says(self, *labels: Mapping[str, str], value: float = 1.0) -> None:
        self.error = None
        self.samples = [Sample(one, 0.0, value) for one in labels]


@pytest.fixture
def telemetry() -> FakeTelemetry:
    return FakeTelemetry()


@pytest.fixture
def group(db: None) -> RuleGroup:
    """A group that is evaluated every 15 seconds, first at T0."""
    file = RuleFile.objects.create(path="web.yml")
    return RuleGroup.objects.create(file=file, name="web", interval=15, next_at=T0)


@pytest.fixture
def rule(group: RuleGroup) -> Rule:
    """Fires after a minute."""
    return Rule.objects.create(
        group=group, key="k", position=0, line=3, name="Errors", expr="errors > 1", hold=60,
        labels={"severity": "critical"}, health_since=T0,
        annotations={"summary": "{{ $value }} on {{ $labels.host }}"},
    )  # fmt: skip


@pytest.fixture
def checkout(team: Team) -> Component:
    return Component.objects.create(slug="checkout", name="Checkout", owner=team, stakes=1)


@pytest.fixture
def firing(db: None) -> Callable[..., Alert]:
    """`firing(alertname="Disk", host="a")`: an alert that fires."""

    def make(component: Component | None = None, **labels: str) -> Alert:
        given = {"alertname": "Errors", "severity": "critical", **labels}
        return Alert.objects.create(
            fingerprint=f"f{Alert.objects.count()}", name=given["alertname"], labels=given,
            annotations={"summary": "it fails"}, severity=given["severity"], state="firing",
            active_at=T0, starts_at=T0, component=component,
        )  # fmt: skip

    return make


@pytest.fixture
def source(lea: Person) -> Token:
    """A source token that may send alerts; its secret is "source-secret"."""
    return Token.objects.create(
        kind="source", person=lea, name="prometheus", sha256=digest("source-secret"),
        scopes=["alerts"],
    )  # fmt: skip


@pytest.fixture
def personal(sam: Person) -> Token:
    """Sam's own token; its secret is "sams-secret"."""
    return Token.objects.create(
        kind="personal", person=sam, name="laptop", sha256=digest("sams-secret")
    )

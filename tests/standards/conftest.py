"""A standard with a draft, and the work process with a telemetry that answers what a test says."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House, Person, Team
from watchbill.prometheus import NoAnswer, QueryFunc, Sample
from watchbill.standards import acts, evaluate
from watchbill.standards.models import Standard, StandardVersion

Draft = Callable[..., StandardVersion]


def answering(*samples: Sample, error: NoAnswer | None = None) -> QueryFunc:
    """A telemetry that gives these samples, or raises."""

    def query(promql: str, at: datetime | None = None) -> list[Sample]:
        if error is not None:
            raise error
        return list(samples)

    return query


def run(*samples: Sample, error: NoAnswer | None = None) -> int:
    """Evaluate what is due now."""
    return evaluate.tick(clock.now(), answering(*samples, error=error))


@pytest.fixture
def shop(team: Team, house: House) -> Component:
    return Component.objects.create(slug="shop", name="Shop", owner=team)


@pytest.fixture
def draft(lea: Person, house: House) -> Draft:
    """`draft(kind="quality", area="monitoring", words="…")`: a new standard with a draft."""

    def write(*, kind: str = "quality", area: str = "monitoring", **given: Any) -> StandardVersion:
        title = f"Standard {Standard.objects.count() + 1}"
        acts.start_standard.perform(lea, house, title=title, area=area, kind=Standard.Kind(kind))
        standard = Standard.objects.latest("pk")
        acts.draft_version.perform(lea, standard, **{"text": "So.", "reason": "Why."} | given)
        return standard.versions.get()

    return write

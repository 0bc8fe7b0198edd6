"""What a component's health says while nothing fires."""

import pytest

from watchbill.alerts.models import Rule
from watchbill.alerts.panels import firing
from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db


def test_a_component_that_a_rule_names_is_quiet(rule: Rule, checkout: Component) -> None:
    assert firing(Component.objects.all()) == {}
    rule.labels = {"severity": "critical", "component": checkout.slug}
    rule.save()
    assert firing(Component.objects.all())[checkout.pk].word == "quiet"


@pytest.mark.parametrize(
    "change", [{"in_force": False}, {"health": Rule.Health.UNKNOWN}, {"health": Rule.Health.ERROR}]
)
def test_a_rule_that_is_not_evaluated_watches_nothing(
    rule: Rule, checkout: Component, change: dict[str, object]
) -> None:
    Rule.objects.filter(pk=rule.pk).update(labels={"component": checkout.slug}, **change)
    assert firing(Component.objects.all()) == {}

"""MO-L3-4: drive the enhancement of monitoring processes and tools with your expertise."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.alerts import trial
from watchbill.alerts.models import Alert, Rule, RuleFile, RuleGroup
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.prometheus import Series

pytestmark = pytest.mark.django_db
HOUR = 3600.0


def history(query: str, start: datetime, end: datetime, step: float) -> Sequence[Series]:
    """The old rule holds for a minute of every hour; the new one for ten of the last hour."""
    moments = [
        start.timestamp() + n * step for n in range(int((end - start).total_seconds() / step))
    ]
    ago = clock.now().timestamp()
    if query == "errors > 1":
        held = [at for at in moments if at % HOUR < 60]
    else:
        held = [at for at in moments if 0.5 * HOUR < ago - at < 0.5 * HOUR + 900]
    return [Series({"job": "shop"}, [(at, 1.0) for at in held])] if held else []


def test_mo_l3_4(
    junior: Somebody, associate: Somebody, other_associate: Somebody, senior: Somebody,
    shop: Component,
) -> None:  # fmt: skip
    group = RuleGroup.objects.create(
        file=RuleFile.objects.create(path="shop.yml"), name="shop", interval=30, next_at=clock.now()
    )
    rule = Rule.objects.create(
        group=group, key="k", position=0, line=3, name="ShopErrors", expr="errors > 1",
        labels={"component": "shop"},
    )  # fmt: skip
    senior.does("incidents.declare", shop, title="Orders fail", severity="sev4")
    clock.shift(timedelta(minutes=30))
    senior.sees("/monitoring/rules/", "ShopErrors")
    version = made(
        senior.does("alerts.draft_rule", rule, expr="errors > 5", lasts="5m", days=1,
                    why="It calls people for single errors.")
    )  # fmt: skip
    path = f"/monitoring/rules/versions/{key(version)}/"
    senior.sees(path, "is on trial")
    assert "no finished trial" in senior.cannot("alerts.put_rule_in_force", version)
    while trial.tick(clock.now(), history):
        pass
    senior.sees(path, "would have fired 1 time instead of", "Before and after", "Orders fail")
    senior.sees(f"/monitoring/rules/{rule.pk}/", "ShopErrors, version 1", "tried")

    assert [who.stands("alerts.put_rule_in_force", version) for who in (associate, senior)] == [
        "G",
        "A",
    ]
    associate.asks("alerts.put_rule_in_force", version)
    senior.does("alerts.put_rule_in_force", version)
    rule.refresh_from_db()
    assert (rule.expr, rule.hold) == ("errors > 5", 300)

    assert "no watch" in other_associate.cannot("alerts.confirm_rule", version, how="It is quiet.")
    fired = Alert.objects.create(
        fingerprint="1", name="ShopErrors", labels={"component": "shop"}, state="firing",
        starts_at=clock.now(), rule=rule, component=shop,
    )  # fmt: skip
    other_associate.does("alerts.take", fired)
    other_associate.does("alerts.confirm_rule", version, how="It woke me once, for a real fault.")
    senior.showed("MO-L3-4", on=version, witness=other_associate)

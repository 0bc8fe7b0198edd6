"""MO-L1-2: assist in basic monitoring: check logs and metrics."""

import pytest
from tests.duties.door import Somebody, key, made
from tests.prometheus_server import Telemetry
from tests.tours.reading import reads

from watchbill.catalog.models import Component
from watchbill.people.models import House

pytestmark = pytest.mark.django_db
ROUND = """---
title: Morning round of the shop
kind: round
component: shop
---
## Failures
```capture
How many requests fail?
page: /monitoring/components/shop/
query: sum(rate(failed[5m]))
```

## What it logs
```capture
How many errors does it log in an hour?
logs: {job="shop"} |= "error"
```
"""


def test_mo_l1_2(
    junior: Somebody, associate: Somebody, senior: Somebody, shop: Component, house: House,
    telemetry: Telemetry,
) -> None:  # fmt: skip
    tour = made(senior.does("tours.publish", house, text=ROUND))
    junior.sees(f"/tours/{key(tour)}/", "Morning round of the shop", "What it logs")
    walk = made(junior.does("tours.start_walk", tour))
    path = f"/tours/walks/{key(walk)}/"
    junior.sees(path, "How many requests fail?", "Capture it")
    assert "captured, not typed" in junior.cannot("tours.answer", walk, step=1, text="0.5")
    junior.does("tours.capture", walk, step=1, remark="As on every morning.")
    junior.does("tours.capture", walk, step=2, remark="More than usual, all from one host.")
    assert reads({"sum(rate(failed[5m]))": 0.5}, lines=41) == 2
    junior.sees(f"{path}?step=2", "41", "captured")
    junior.does("tours.finish", walk)

    assert [a["value"] for a in associate.reads("walks", key(walk))["answers"]] == [0.5, 41.0]
    associate.sees(path, "What was captured", "Spot-check it")
    associate.does("tours.spot_check", walk, step=1, verdict="holds", told="I read 0.5 as well.")
    junior.showed("MO-L1-2", on=shop, witness=associate)
    junior.sees(path, "I read 0.5 as well.")

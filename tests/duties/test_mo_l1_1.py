"""MO-L1-1: learn to navigate the monitoring tools and read system health from them."""

import pytest
from tests.duties.door import Somebody, key, made
from tests.prometheus_server import Telemetry
from tests.tours.reading import reads

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db
NOW = {"count(up)": 7, "count(up == 0) or vector(0)": 0, "max(sum(rate(hits[5m])))": [4.6, 4.2]}


def test_mo_l1_1(
    junior: Somebody, associate: Somebody, shop: Component, telemetry: Telemetry
) -> None:
    shop.charts = [{"title": "Hits", "query": "sum(rate(hits[5m]))", "unit": ""}]
    shop.save()
    junior.sees("/tours/", "Tours", "Shop")
    junior.sees(f"/tours/components/{shop.slug}/", "reading its charts")
    walk = made(junior.does("tours.start_walk", shop, of="charts"))
    path = f"/tours/walks/{key(walk)}/"
    junior.sees(path, "How many targets are scraped now?")
    junior.sees("/monitoring/sources/")
    for step, text in enumerate(("9", "0", "4.5", "All lines are flat: it is well."), 1):
        junior.does("tours.answer", walk, step=step, text=text)
    assert "still being read" in junior.cannot("tours.finish", walk)
    assert reads(NOW) == 3
    junior.sees(f"{path}?step=1", "look again", "Read at that moment")
    junior.does("tours.answer", walk, step=1, text="7")
    reads(NOW)
    junior.sees(f"{path}?step=1", ">right<")
    junior.does("tours.finish", walk)

    associate.sees("/", "Shop: reading its charts", "see what they found")
    associate.sees(path, "What was answered", "2 tries")
    associate.does("tours.judge", walk, step=4, verdict="right")
    associate.does("tours.see_answers", walk, said="You found everything.")
    junior.showed("MO-L1-1", on=shop, witness=associate)
    junior.sees(path, "You found everything.")

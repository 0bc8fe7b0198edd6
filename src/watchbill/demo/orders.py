"""Carries out what was ordered of the example system."""

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db.models import F

from watchbill.demo import faults
from watchbill.demo.models import Order
from watchbill.demo.place import NotRunning, Place
from watchbill.demo.shop import Refused, Shop
from watchbill.web.live import publish


def tick(now: datetime) -> int:
    """Carry out the oldest open order; 1 when there was one."""
    order = Order.objects.filter(done_at=None).order_by("id").first()
    if order is None:
        return 0
    claimed = Order.objects.filter(pk=order.pk, done_at=None).update(done_at=F("at"))
    if claimed != 1:
        return 0
    shop = Shop(Place.under(Path(settings.DATA)))
    try:
        do = faults.inject if order.word == Order.Word.INJECT else faults.heal
        outcome = do(shop, order.fault)
    except (NotRunning, Refused) as error:
        outcome = str(error)
    Order.objects.filter(pk=order.pk).update(done_at=now, outcome=outcome[:300])
    publish("demo")
    return 1

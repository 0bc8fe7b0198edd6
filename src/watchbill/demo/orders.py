"""Carries out what was ordered of the example system."""

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db.models import F

from watchbill.demo import faults, over
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
    try:
        outcome = _carried_out(order, Shop(Place.under(Path(settings.DATA))))
    except (NotRunning, Refused) as error:
        outcome = str(error)
    Order.objects.filter(pk=order.pk).update(done_at=now, outcome=outcome[:300])
    publish("demo")
    return 1


def _carried_out(order: Order, shop: Shop) -> str:
    if order.word == Order.Word.INJECT:
        return faults.inject(shop, order.fault)
    if order.word == Order.Word.HEAL:
        return faults.heal(shop, order.fault)
    try:
        mended = faults.active(shop)
        for fault in mended:
            faults.heal(shop, fault)
    finally:
        over.end_all()
    return f"mended: {', '.join(mended)}" if mended else "nothing was broken"

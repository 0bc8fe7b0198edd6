"""The page of the example system: what can be broken, what is broken."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render

from watchbill.acts.web import Request, signed_in
from watchbill.demo import panels
from watchbill.demo.faults import FAULTS
from watchbill.demo.models import Order, Scene
from watchbill.demo.place import NotRunning, Place
from watchbill.demo.shop import Refused, Shop
from watchbill.people import example as marked
from watchbill.people.models import House


@signed_in
def example(request: Request) -> HttpResponse:
    """Every fault with whether it is there now, read from the processes."""
    if not marked.shown():
        raise Http404("the example system is not shown here")
    try:
        state, away = Shop(Place.under(Path(settings.DATA))).state(), ""
    except (NotRunning, Refused) as error:
        state, away = {}, str(error)
    rows = [(fault, bool(state) and fault.present(state)) for fault in FAULTS.values()]
    return render(
        request,
        "demo/example.html",
        {
            "rows": rows,
            "broken": [fault for fault, present in rows if present],
            "away": away,
            "past": _past(),
            "house": House.get(),
            "scene": Scene.now(),
            "team": panels.addresses(request, "/") if marked.beside(request) else [],
            "orders": Order.objects.select_related("by").order_by("-id")[:10],
        },
    )


def _past() -> dict[str, Any]:
    """Until when the metrics are made up, and how much of them is there so far."""
    try:
        told = json.loads((Path(settings.DATA) / "example" / "history.json").read_text())
    except (OSError, ValueError):
        return {}
    missing = max(0, told["end"] - told["sent"])
    whole = timedelta(days=30).total_seconds()
    return {
        "until": datetime.fromtimestamp(told["end"], UTC),
        "percent": round(100 * max(0.0, 1 - missing / whole)),
    }

"""What Prometheus tells of rules and alerts. Rules are evaluated by Watchbill's app, not here.

So these lists are empty and say where to ask; notifications are telemetry's own troubles.
https://prometheus.io/docs/prometheus/latest/querying/api/#rules
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from watchbill.lib import clock
from watchbill.telemetry.http.answers import success
from watchbill.telemetry.scrape.loop import Scraper
from watchbill.telemetry.store.keeper import Keeper
from watchbill.telemetry.store.samples import SampleStore

_NO_RULES = "telemetry evaluates no rules: ask Watchbill at /telemetry/api/v1/{}"


def routes(store: SampleStore, keeper: Keeper, scraper: Scraper) -> list[Route]:
    """`rules`, `alerts`, `alertmanagers`, `notifications`."""

    async def rules(_: Request) -> Response:
        return success({"groups": []}, infos=[_NO_RULES.format("rules")])

    async def alerts(_: Request) -> Response:
        return success({"alerts": []}, infos=[_NO_RULES.format("alerts")])

    async def alertmanagers(_: Request) -> Response:
        return success({"activeAlertmanagers": [], "droppedAlertmanagers": []})

    async def notifications(_: Request) -> Response:
        now = clock.now().isoformat()
        return success([
            {"text": text, "date": now, "active": True}
            for text in _troubles(store, keeper, scraper)
        ])  # fmt: skip

    return [
        Route("/api/v1/rules", rules),
        Route("/api/v1/alerts", alerts),
        Route("/api/v1/alertmanagers", alertmanagers),
        Route("/api/v1/notifications", notifications),
    ]


def _troubles(store: SampleStore, keeper: Keeper, scraper: Scraper) -> list[str]:
    """What an operator has to know, in a sentence each."""
    told = {
        "The scrape configuration cannot be used": scraper.config_error,
        "Samples are refused": store.wal.full,
        "Data stays in the log": keeper.problem,
    }
    return [f"{what}: {why}" for what, why in told.items() if why]

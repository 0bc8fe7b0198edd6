"""What is scraped: targets, what each exposes, and the pools they belong to.

https://prometheus.io/docs/prometheus/latest/querying/api/#targets
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from watchbill.telemetry.http.answers import ApiError, Parameters, success
from watchbill.telemetry.http.query import timeout_ms
from watchbill.telemetry.http.runner import QueryRunner
from watchbill.telemetry.intake.metadata import Metadata, MetadataBook
from watchbill.telemetry.promql.durations import format_duration
from watchbill.telemetry.promql.errors import ParseError
from watchbill.telemetry.promql.parse import parse_selector
from watchbill.telemetry.promql.storage import METRIC_NAME, Labels, Matcher
from watchbill.telemetry.scrape.local import LocalScraper
from watchbill.telemetry.scrape.loop import Scraper, TargetState
from watchbill.telemetry.store.samples import SampleStore

NEVER = "0001-01-01T00:00:00Z"
STATES = ("active", "dropped", "any")
_SUFFIXES = ("_bucket", "_count", "_sum", "_total", "_created")


def routes(
    scraper: Scraper,
    local: LocalScraper,
    store: SampleStore,
    metadata: MetadataBook,
    lookups: QueryRunner,
) -> list[Route]:
    """`targets`, `targets/metadata`, `scrape_pools`."""

    def states() -> list[TargetState]:
        return [*scraper.states.values(), *local.states]

    async def targets(request: Request) -> Response:
        return success(_targets(states(), scraper.dropped, await Parameters.of(request)))

    async def target_metadata(request: Request) -> Response:
        given = await Parameters.of(request)
        limit, metric = given.metadata_limit(), given.get("metric")
        matchers = _match_target(given.get("match_target"))
        chosen = [
            state.target.labels
            for state in states()
            if all(m.matches(dict(state.target.labels).get(m.name, "")) for m in matchers)
        ]

        rows = await lookups.run(
            request, timeout_ms(given, lookups), lambda _: find(chosen, limit, metric)
        )
        return success(rows)

    def find(
        chosen: Sequence[Labels], limit: int | None, metric: str | None
    ) -> list[dict[str, object]]:
        known, rows = metadata.families(), list[dict[str, object]]()
        for labels in chosen:
            for name in _families(store, labels, known):
                if limit is not None and len(rows) >= limit:
                    return rows
                if metric in (None, name):
                    about = {} if metric else {"metric": name}
                    rows.append({"target": dict(labels), **about, **_described(known[name])})
        return rows

    async def pools(_: Request) -> Response:
        return success({"scrapePools": sorted({one.job.name for one in states()})})

    return [
        Route("/api/v1/targets", targets),
        Route("/api/v1/targets/metadata", target_metadata),
        Route("/api/v1/scrape_pools", pools),
    ]


def _targets(
    states: Sequence[TargetState], gone: Sequence[Labels], given: Parameters
) -> dict[str, object]:
    state, pool = (given.get("state") or "any").lower(), given.get("scrapePool")
    if state not in STATES:
        raise ApiError(
            "bad_data", f'invalid parameter "state": expected one of {", ".join(STATES)}'
        )
    active = [_target(one) for one in states if pool in (None, one.job.name)]
    dropped = [
        {"discoveredLabels": dict(labels), "scrapePool": dict(labels).get("job", "")}
        for labels in gone
        if pool in (None, dict(labels).get("job"))
    ]
    return {
        "activeTargets": active if state != "dropped" else [],
        "droppedTargets": dropped if state != "active" else [],
    }


def _target(state: TargetState) -> dict[str, object]:
    target, last = state.target, state.last_scrape
    return {
        "discoveredLabels": dict(target.discovered),
        "labels": dict(target.labels),
        "scrapePool": state.job.name,
        "scrapeUrl": target.url,
        "globalUrl": target.url,
        "lastError": state.last_error,
        "lastScrape": datetime.fromtimestamp(last, UTC).isoformat() if last else NEVER,
        "lastScrapeDuration": state.last_duration,
        "health": state.health,
        "scrapeInterval": format_duration(round(target.interval * 1000)),
        "scrapeTimeout": format_duration(round(target.timeout * 1000)),
    }


def _match_target(text: str | None) -> tuple[Matcher, ...]:
    """The matchers of `match_target`; as in Prometheus, `{}` and nothing select every target."""
    if text is None or text.replace(" ", "") == "{}":
        return ()
    try:
        return parse_selector(text).matchers
    except ParseError as error:
        raise ApiError("bad_data", f'invalid parameter "match_target": {error}') from error


def _families(store: SampleStore, labels: Labels, known: dict[str, Metadata]) -> Iterator[str]:
    """The described families of which a target has series: what is known of it by its labels."""
    of_target = [Matcher(name, "=", value) for name, value in labels]
    found = set()
    for name in store.names.label_values(METRIC_NAME, [of_target], 0):
        bare = next((name.removesuffix(s) for s in _SUFFIXES if name.endswith(s)), name)
        found |= {one for one in (name, bare) if one in known}
    yield from sorted(found)


def _described(family: Metadata) -> dict[str, str]:
    return {"type": family.type, "help": family.help, "unit": family.unit}

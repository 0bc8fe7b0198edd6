"""Every address of telemetry's query side is documented."""

from pathlib import Path
from typing import Any

from starlette.routing import Route

from watchbill.telemetry.http import (
    alerting,
    configuration,
    federate,
    query,
    series,
    status,
    syntax,
    targets,
)
from watchbill.telemetry.promql import features

PAGE = Path(__file__).parents[3] / "docs" / "telemetry-api.md"


def routes() -> list[Route]:
    nothing: Any = None

    class Config:
        scrape_config = Path("none")

    config: Any = Config()
    return [
        *query.routes(nothing, nothing, nothing),
        *syntax.routes(),
        *series.routes(nothing, nothing, nothing),
        *targets.routes(nothing, nothing, nothing, nothing, nothing),
        *alerting.routes(nothing, nothing, nothing),
        *configuration.routes(config, nothing),
        *federate.routes(nothing, nothing),
        *status.routes(nothing),
    ]


def test_every_address_is_documented() -> None:
    told = PAGE.read_text()
    paths = [route.path for route in routes()]
    assert len(paths) == len(set(paths)) > 25
    assert [path for path in paths if f"`{path}`" not in told] == []


def test_features_that_are_off_are_told_so() -> None:
    told = configuration.features_told(frozenset({features.DURATIONS}))
    assert (told["promql"]["duration_expr"], told["promql"]["anchored"]) == (True, False)
    assert told["promql"]["experimental_functions"] is False
    assert (told["promql_functions"]["rate"], told["promql_functions"]["info"]) == (True, False)


def test_secrets_in_addresses_are_not_shown() -> None:
    given = {"url": "http://me:p@ss@host/x", "targets": ["a@b"], "basic_auth": {"password": "p"}}
    assert configuration.without_secrets(given) == {
        "url": "http://<secret>@host/x",
        "targets": ["a@b"],
        "basic_auth": {"password": "<secret>"},
    }

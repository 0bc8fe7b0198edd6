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

"""What the frame of every page shows besides the page: where it is, what waits."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString

from watchbill.web.sections import section_of

Counts = Mapping[str, int]
CountProvider = Callable[[HttpRequest], Counts]
BarProvider = Callable[[HttpRequest], SafeString | None]
_providers: list[CountProvider] = []
_bars: list[BarProvider] = []


def provides_counts(provider: CountProvider) -> CountProvider:
    """Register a function that tells how much waits for the reader, by section key."""
    _providers.append(provider)
    return provider


def provides_bar(provider: BarProvider) -> BarProvider:
    """Register a function that gives a bar above the frame of every page, or None.

    It renders without the request: this context is what asks for it.
    """
    _bars.append(provider)
    return provider


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context for every page: `nav` with its section, that section's tabs and the rail's counts.

    Counted once for a request, however many parts of the page are rendered apart.
    """
    counts: dict[str, int] | None = request.__dict__.get("rail_counts")
    if counts is None:
        counts = request.__dict__["rail_counts"] = _counts(request)
    bars: list[SafeString] | None = request.__dict__.get("bars")
    if bars is None:
        bars = request.__dict__["bars"] = [bar for bar in (of(request) for of in _bars) if bar]
    section = section_of(request.path)
    beside = section.tabs if section and any(t.path == request.path for t in section.tabs) else ()
    key = "settings" if request.path.startswith("/settings") else section.key if section else ""
    return {
        "nav": {
            "section": key,
            "label": section.label if section else "",
            "tabs": beside,
            "counts": counts,
            "live": "asks",
            "bars": bars,
        }
    }


def _counts(request: HttpRequest) -> dict[str, int]:
    counts: dict[str, int] = {}
    if getattr(request, "user", None) is not None and request.user.is_authenticated:
        for provider in _providers:
            for key, number in provider(request).items():
                counts[key] = counts.get(key, 0) + number
    return counts

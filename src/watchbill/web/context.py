"""What the frame of every page shows besides the page: where it is, what waits."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest

from watchbill.web.sections import SECTIONS

Counts = Mapping[str, int]
CountProvider = Callable[[HttpRequest], Counts]
_providers: list[CountProvider] = []


def provides_counts(provider: CountProvider) -> CountProvider:
    """Register a function that tells how much waits for the reader, by section key."""
    _providers.append(provider)
    return provider


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context for every page: `nav` with its section and the counts in the rail.

    Counted once for a request, however many parts of the page are rendered apart.
    """
    counts: dict[str, int] | None = request.__dict__.get("rail_counts")
    if counts is None:
        counts = request.__dict__["rail_counts"] = _counts(request)
    return {"nav": {"section": section_of(request.path), "counts": counts, "live": "asks"}}


def _counts(request: HttpRequest) -> dict[str, int]:
    counts: dict[str, int] = {}
    if getattr(request, "user", None) is not None and request.user.is_authenticated:
        for provider in _providers:
            for key, number in provider(request).items():
                counts[key] = counts.get(key, 0) + number
    return counts


def section_of(path: str) -> str:
    """The section that `path` lies in; "" for pages outside the rail."""
    if path.startswith("/settings"):
        return "settings"
    inside = [s for s in SECTIONS if path == s.path or (s.path != "/" and path.startswith(s.path))]
    return max(inside, key=lambda section: len(section.path)).key if inside else ""

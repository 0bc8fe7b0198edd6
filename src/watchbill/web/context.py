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
    """Context for every page: `nav` with its section and the counts in the rail."""
    counts: dict[str, int] = {}
    if getattr(request, "user", None) is not None and request.user.is_authenticated:
        for provider in _providers:
            for key, number in provider(request).items():
                counts[key] = counts.get(key, 0) + number
    return {"nav": {"section": section_of(request.path), "counts": counts, "live": "asks"}}


def section_of(path: str) -> str:
    """The section that `path` lies in; "" for pages outside the rail."""
    if path.startswith("/settings"):
        return "settings"
    inside = [s for s in SECTIONS if path == s.path or (s.path != "/" and path.startswith(s.path))]
    return max(inside, key=lambda section: len(section.path)).key if inside else ""

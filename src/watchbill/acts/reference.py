"""The reference pages of acts and of addresses, printed by `watchbill docs`."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from watchbill.acts.registry import KINDS, Kind
from watchbill.lib.levels import Area, Tier

PRINTED = "<!-- Written by `watchbill docs` from the code: change it there. -->\n\n"


def acts() -> str:
    """Every act with its verb, area, tier, duties and parameters."""
    lines = [
        PRINTED,
        "# Acts\n\n",
        "Everything a person can do. Each is a form in the pages, `POST /api/v1/acts/NAME` and "
        "`watchbill act NAME ON`. Who may do it alone follows from its verb and tier: see "
        "[authority](../authority.md).\n\n",
        "| act | on | verb | area | tier from | evidence for | parameters | what it does |\n",
        "|---|---|---|---|---|---|---|---|\n",
    ]
    for name in sorted(KINDS):
        kind = KINDS[name]
        parameters = ", ".join(p.name if p.required else f"[{p.name}]" for p in kind.wanted)
        cells = (
            f"`{name}`",
            f"`{kind.subject._meta.label_lower}`",
            kind.verb,
            _area(kind),
            _tier(kind),
            " ".join(kind.duties),
            parameters,
            kind.doc,
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    return "".join(lines)


def routes() -> str:
    """Every address with what is there."""
    lines = [
        PRINTED,
        "# Addresses\n\n",
        "Pages need a signed-in person; `/api/v1` takes a session or a personal token; the "
        "Alertmanager API takes a source token. Reading only, unless it says that it acts.\n\n",
        "| address | what is there |\n|---|---|\n",
    ]
    lines += [f"| `/{route}` | {doc} |\n" for route, _, doc in addresses()]
    return "".join(lines)


def addresses() -> Iterator[tuple[str, str, str]]:
    """Address, name and first line of the docstring of every view, in order of address."""
    found = _patterns(get_resolver().url_patterns, "", "")
    for route, name, view in sorted(found, key=lambda row: (row[0], row[1])):
        yield route, name, inspect.cleandoc(view.__doc__ or "").partition("\n")[0]


def _patterns(
    patterns: list[URLPattern | URLResolver], prefix: str, space: str
) -> Iterator[tuple[str, str, Callable[..., Any]]]:
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _patterns(entry.url_patterns, route, entry.namespace or space)
        else:
            yield route, f"{space}:{entry.name}" if entry.name else "", entry.callback


def _area(kind: Kind[Any, ...]) -> str:
    if isinstance(kind.area_of, Area):
        return "none" if kind.verb in ("own", "administer") else kind.area_of.title
    return "of its subject" if kind.area_of.__name__ == "area_of_subject" else "as given"


def _tier(kind: Kind[Any, ...]) -> str:
    if kind.tier_of is None:
        return "its subject"
    return kind.tier_of.word if isinstance(kind.tier_of, Tier) else "what is given"


PAGES = {"acts.md": acts, "addresses.md": routes}

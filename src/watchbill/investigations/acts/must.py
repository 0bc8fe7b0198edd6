"""What acts in investigations demand before they do anything."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from watchbill.acts.given import CannotBeDone
from watchbill.catalog.models import Component
from watchbill.investigations.models import Investigation
from watchbill.lib import clock


def be_open(investigation: Investigation) -> None:
    """Raises CannotBeDone once it is closed."""
    if not investigation.is_open:
        raise CannotBeDone(
            "The investigation is closed.", hint="Reopen it if something new came up."
        )


def be_said(text: str, most: int, *, field: str, what: str) -> str:
    """`text` without its edges; raises CannotBeDone when it is empty or too long."""
    said = text.strip()
    if not said:
        raise CannotBeDone(what, field=field)
    if len(said) > most:
        raise CannotBeDone(f"That is more than {most:,} characters.", field=field)
    return said


def be_lines(lines: list[str], most: int, longest: int, *, field: str) -> list[str]:
    """The lines that say something; raises CannotBeDone when one or their number is too much."""
    said = [line.strip() for line in lines if line.strip()]
    if len(said) > most or any(len(line) > longest for line in said):
        raise CannotBeDone(f"At most {most} lines of {longest} characters.", field=field)
    return said


def be_a_chart(query: str, start: datetime | None, end: datetime | None) -> dict[str, Any]:
    """The columns of `Charted` for a query with its window; none without a query.

    Raises CannotBeDone when one of them is missing or the window is none.
    """
    if not query.strip():
        if start or end:
            raise CannotBeDone("A window without a query shows nothing.", field="query")
        return {}
    if start is None:
        raise CannotBeDone("Since when? A chart has a window.", field="start")
    begin, until = clock.zoned(start), clock.zoned(end) if end else clock.now()
    if begin >= until:
        raise CannotBeDone("It ends before it begins.", field="end")
    return {"query": query.strip(), "start": begin, "end": until, "freeze_after": clock.now()}


def be_components(slugs: Sequence[str], *, field: str) -> list[Component]:
    """The components called so; raises CannotBeDone naming the first that there is not."""
    found = {one.slug: one for one in Component.objects.filter(slug__in=slugs)}
    if missing := next((slug for slug in slugs if slug not in found), ""):
        raise CannotBeDone(f"There is no component {missing!r}.", field=field)
    return list(found.values())

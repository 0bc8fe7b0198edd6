"""What apps above show at the top of Now, registered here so that nothing imports upwards.

An app says in its module `panels.py`:

    @provides_sheet(order=10)
    def tour(request: Request) -> SafeString | None:
        return render_to_string("demo/tour.html", {...}, request)
"""

from collections.abc import Callable

from django.utils.safestring import SafeString

from watchbill.acts.web import Request

SheetOf = Callable[[Request], SafeString | None]
_sheets: list[tuple[int, SheetOf]] = []


def provides_sheet(order: int = 50) -> Callable[[SheetOf], SheetOf]:
    """Register a sheet; those with a lower `order` come first."""

    def register(function: SheetOf) -> SheetOf:
        _sheets.append((order, function))
        _sheets.sort(key=lambda entry: entry[0])
        return function

    return register


def sheets_for(request: Request) -> list[SafeString]:
    """The sheets that have something to show, each a `section.sheet` as it is."""
    found = (function(request) for _, function in _sheets)
    return [sheet for sheet in found if sheet is not None]

"""Whether the example system is shown: `watchbill serve` keeps a mark in the data folder while it

runs it, so that it can begin to at any moment without restarting anything.
"""

from pathlib import Path

from django.conf import settings


def mark() -> Path:
    """The file that says so."""
    return Path(settings.DATA) / "run" / "example"


def shown() -> bool:
    """The example system runs beside us."""
    return mark().exists()

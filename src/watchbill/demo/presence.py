"""Which of the example people somebody is using right now.

A file for each of them, whose time is that of the last request as them: the work process reads it,
and no row is written for looking at a page.
"""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from watchbill.lib import clock
from watchbill.people import example
from watchbill.people.models import Person

IN_USE_FOR = timedelta(minutes=3)  # after the last request
NOTED_EVERY = timedelta(seconds=5)


class Presence:
    """Notes each request of an example person while the example is shown."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if example.shown() and isinstance(request.user, Person) and request.user.example:
            note(request.user)
        return response


def note(person: Person) -> None:
    """Somebody is there as `person`, now."""
    now = clock.now()
    if now - last(person) < NOTED_EVERY:
        return
    file = _file(person)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    os.utime(file, (now.timestamp(), now.timestamp()))


def in_use(person: Person, now: datetime) -> bool:
    """Somebody looked at a page or called the API as `person` a moment ago."""
    return now - last(person) < IN_USE_FOR


def last(person: Person) -> datetime:
    """When that was; long ago when nobody ever did."""
    try:
        seen = _file(person).stat().st_mtime
    except FileNotFoundError:
        seen = 0.0
    return datetime.fromtimestamp(seen, clock.now().tzinfo)


def _file(person: Person) -> Path:
    return Path(settings.DATA) / "run" / "in-use" / person.username

"""Where a duty is done: the page it begins on, and where it can be told the very thing to do today.

An app says what can be done today in its `places.py`, for duties of the shipped ladder:

    DO_NOW = {"IR-L2-1": function}  # (person) -> (url, words) or None

Each function takes at most a query, and one that several duties share keeps what it read on the
person (`Person.forget` drops it), because a page asks for a whole cell of the ladder at once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from watchbill.ladder.duties import fulfilled
from watchbill.ladder.evidence import AS_GUIDE
from watchbill.people.models import Person

DoNow = Callable[[Person], tuple[str, str] | None]

# Beginning of an act's name -> page. The first that any act of a duty begins with counts.
PAGES = (
    ("alerts.silence", "alerts:silences"),
    ("alerts.", "alerts:alerts"),
    ("monitoring.report_anomaly", "monitoring:explore"),
    ("monitoring.", "monitoring:reports"),
    ("runbooks.publish", "runbooks:write"),
    ("runbooks.", "runbooks:runbooks"),
    ("incidents.", "incidents:incidents"),
    ("paging.", "paging:policies"),
    ("catalog.", "catalog:components"),
    ("maintenance.", "maintenance:overview"),
    ("practice.start_pairing", "practice:pairings"),
    ("practice.record_design", "practice:designs"),
    ("practice.initiate", "practice:improvements"),
    ("practice.propose_improvement", "practice:improvements"),
    ("practice.", "practice:reviews"),
    (AS_GUIDE, "acts:asks"),
)


@dataclass(frozen=True)
class Place:
    """A page where it is done; `words` name the very thing that waits there, or are empty."""

    url: str
    words: str = ""


def page_of(acts: Iterable[str]) -> str:
    """The address where one of these acts is done; "" when there is none."""
    named = list(acts)
    for beginning, page in PAGES:
        if any(name.startswith(beginning) for name in named):
            return reverse(page)
    return ""


def place_of(duty: str, acts: Iterable[str]) -> Place | None:
    """The page where a duty of the shipped ladder begins; else where its acts are done."""
    how = fulfilled().get(duty)
    url = (resolved(how.page) if how else "") or page_of(acts)
    return Place(url) if url else None


def now(person: Person, duty: str, acts: Iterable[str]) -> Place | None:
    """Where `person` can do it today: the very thing where an app knows one, else the page."""
    provider = provided().get(duty)
    there = provider(person) if provider else None
    return Place(*there) if there else place_of(duty, acts)


@cache
def provided() -> dict[str, DoNow]:
    """Duty of the shipped ladder -> who knows the very thing, from the apps' `places` modules."""
    found: dict[str, DoNow] = {}
    for app in settings.INSTALLED_APPS:
        ours = app.startswith("watchbill.") and app != "watchbill.ladder"
        if ours and find_spec(f"{app}.places"):
            found |= import_module(f"{app}.places").DO_NOW
    return found


@cache
def resolved(page: str) -> str:
    """The address of a page by its name; "" where there is no such page."""
    try:
        return reverse(page)
    except NoReverseMatch:
        return ""

"""Reading the ledger: timelines, what waits for an answer, what somebody did."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from watchbill.acts.models import Entries, Entry, Mention, Shown
from watchbill.acts.perform import GO_AHEAD_HOLDS_FOR, why_not
from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.people.subject import Subject


def of(*subjects: Subject) -> QuerySet[Entry]:
    """Every entry in the timelines of `subjects`, oldest first, with people joined."""
    return _of(subjects).select_related("by", "guide", "answered_by").order_by("id")


def valid_of(*subjects: Subject) -> QuerySet[Entry]:
    """The same without what another entry voids: what evidence may rest on."""
    return _of(subjects).valid().select_related("by", "guide", "answered_by").order_by("id")


def _of(subjects: Iterable[Subject]) -> Entries:
    refs = [subject.ref for subject in subjects]
    return Entry.objects.filter(pk__in=Mention.objects.filter(ref__in=refs).values("entry"))


def done(kind: str, *, since: datetime | None = None) -> QuerySet[Entry]:
    """Every done act of one kind."""
    found = Entry.objects.valid().filter(kind=kind, state=Entry.State.DONE)
    return found.filter(at__gte=since) if since else found


def shown_since(person: Person, duties: Iterable[str], moment: datetime) -> bool:
    """Whether `person` has shown one of these duties since then, and it was not voided."""
    since = Shown.objects.valid().filter(entry__at__gte=moment)
    return since.filter(person=person, duty__in=list(duties)).exists()


def open_asks() -> QuerySet[Entry]:
    """Asked acts that nobody answered and that have not expired."""
    return (
        Entry.objects.filter(
            state=Entry.State.ASKED, answered_by=None, at__gte=clock.now() - GO_AHEAD_HOLDS_FOR
        )
        .select_related("by")
        .order_by("at", "id")
    )


def asks_for(person: Person) -> list[Entry]:
    """The open asks that `person` could answer now."""
    others = [ask for ask in _open_for(person) if ask.by_id != person.pk]
    return [ask for ask in others if why_not(ask, person) is None]


def asks_by(person: Person) -> list[Entry]:
    """What `person` waits for."""
    return [ask for ask in _open_for(person) if ask.by_id == person.pk]


def _open_for(person: Person) -> list[Entry]:
    """The open asks, read once for a page that `person` reads: kept until `person.forget()`."""
    kept: list[Entry] | None = person.__dict__.get("asks")
    if kept is None:
        kept = person.__dict__["asks"] = list(open_asks().prefetch_related("by__standings"))
        askers = {ask.by_id: ask.by for ask in kept}
        for ask in kept:
            ask.by = askers[ask.by_id]  # what is known of somebody is read once for all they ask
    return kept


def by_person(person: Person) -> QuerySet[Entry]:
    """What `person` did or guided, newest first, voided rows left out."""
    return (
        Entry.objects.valid()
        .filter(Q(by=person) | Q(guide=person))
        .select_related("by", "guide", "answered_by")
        .order_by("-id")
    )

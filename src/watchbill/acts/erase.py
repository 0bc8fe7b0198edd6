"""Erasing what somebody's acts were given of their personal data. The entries themselves stay."""

from watchbill.acts import given, timeline
from watchbill.acts.models import Entry, Kept
from watchbill.lib import clock
from watchbill.people.models import Person


def personal(act: str, by: Person, **outcome: object) -> None:
    """Erase the personal values given to `by`'s acts of that name with such an outcome."""
    where = {f"came_of_it__{name}": value for name, value in outcome.items()}
    for entry in Entry.objects.filter(kind=act, by=by, **where).only("given"):
        given.erase(entry.given, sealed_only=False)


def unused_secrets() -> int:
    """Erase the secrets that no open ask waits to use: nobody answered in time; how many."""
    kept = list(Kept.objects.filter(sealed=True, erased_at=None).values_list("pk", flat=True))
    if not kept:
        return 0
    waiting = {
        value["kept"]
        for ask in timeline.open_asks()  # read after `kept`: an ask and its secrets come together
        for value in ask.given.values()
        if isinstance(value, dict) and set(value) == {"kept"}
    }
    unused = Kept.objects.filter(pk__in=set(kept) - waiting)
    return unused.update(value="", erased_at=clock.now())

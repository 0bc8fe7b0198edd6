"""Evidence: what the ledger shows of each duty. Reads the ledger only.

Two things are read. *Practised*: acts that belong to a duty were done, alone or as guide. *Shown*:
the duty was fulfilled, with an outcome and a witness (`acts/shown.py`); only this can be signed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from watchbill.acts.models import Entry, Shown
from watchbill.acts.registry import KINDS
from watchbill.lib.levels import Area
from watchbill.people.models import Person

# Whoever gave the go-ahead practised guiding, in the area of the act.
GUIDING = {
    Area.INCIDENT_RESPONSE: "IR-L3-3",
    Area.MONITORING: "MO-L3-5",
    Area.MAINTENANCE: "MA-L3-4",
}
AS_GUIDE = "a go-ahead given as guide"
Named = Mapping[str, Iterable[str]]  # key of a duty -> names of acts
MOST = 5000  # entries that are looked at, newest first


@dataclass(frozen=True)
class Item:
    """One entry as evidence of one duty."""

    entry: Entry
    as_guide: bool

    @property
    def witness(self) -> Person | None:
        """Who saw it: the guide, or for the guide the learner."""
        return self.entry.by if self.as_guide else self.entry.guide


@dataclass(frozen=True)
class Practice:
    """That somebody practised a duty, and the last time."""

    last: Item


# Grouped by the database along two indexes, because a ledger grows for ever.
LAST = """
SELECT kind, area, 0, MAX(id) FROM acts_entry WHERE by_id = %s AND state = 'done'
AND id NOT IN (SELECT voids_id FROM acts_entry WHERE voids_id IS NOT NULL) GROUP BY kind, area
UNION ALL
SELECT '', area, 1, MAX(id) FROM acts_entry WHERE guide_id = %s AND state = 'done'
AND id NOT IN (SELECT voids_id FROM acts_entry WHERE voids_id IS NOT NULL) GROUP BY area
"""


def practised(person: Person, named: Named | None = None) -> dict[str, Practice]:
    """Duty of the shipped ladder -> when `person` practised it last; two queries.

    `named` are further duties, of another ladder, with the acts by which they are practised.
    """
    with connection.cursor() as cursor:
        cursor.execute(LAST, [person.pk, person.pk])
        rows: list[tuple[str, str, int, int]] = cursor.fetchall()
    by_act: dict[str, list[str]] = defaultdict(list)
    for duty, names in (named or {}).items():
        for name in names:
            by_act[name].append(duty)
    last: dict[str, tuple[int, bool]] = {}
    for kind, area, guided, entry in rows:
        for duty in (*_belonging(kind, area, as_guide=bool(guided)), *by_act.get(kind, ())):
            last[duty] = max(last.get(duty, (0, False)), (entry, bool(guided)))
    entries = Entry.objects.select_related("by", "guide").in_bulk({n for n, _ in last.values()})
    return {
        duty: Practice(Item(entries[number], as_guide)) for duty, (number, as_guide) in last.items()
    }


def of(person: Person) -> dict[str, list[Item]]:
    """Duty of the shipped ladder -> what `person` did of it, newest first, once per object."""
    entries = (
        Entry.objects.valid()
        .filter(Q(by=person) | Q(guide=person), state=Entry.State.DONE)
        .select_related("by", "guide")
        .order_by("-id")[:MOST]
    )
    found: dict[str, list[Item]] = defaultdict(list)
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        as_guide = entry.guide_id == person.pk
        for duty in duties_of(entry, as_guide=as_guide):
            if (duty, entry.subject) not in seen:
                seen.add((duty, entry.subject))
                found[duty].append(Item(entry, as_guide))
    return dict(found)


def shown(person: Person) -> dict[str, list[Shown]]:
    """Duty of the shipped ladder -> what `person` has shown of it, newest first.

    Once per object: of two items on the same object the one whose witness stood higher counts, else
    the newer.
    """
    return shown_by([person]).get(person.pk, {})


def shown_by(people: Iterable[Person]) -> dict[int, dict[str, list[Shown]]]:
    """Person -> what they have shown, as `shown` has it; one query for all of them."""
    rows = (
        Shown.objects.valid()
        .filter(person__in=people)
        .select_related("entry", "witness")
        .only(
            "person_id", "duty", "on", "witness_level", "drill", "entry__at", "entry__kind",
            "entry__says", "witness__username", "witness__name",
        )
        .order_by("-entry_id")
    )  # fmt: skip
    best: dict[tuple[int, str, str], Shown] = {}
    for row in rows:
        key = (row.person_id, row.duty, row.on)
        if row.witness_level > best.setdefault(key, row).witness_level:
            best[key] = row
    found: dict[int, dict[str, list[Shown]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(best.values(), key=lambda row: -row.entry_id):
        found[row.person_id][row.duty].append(row)
    return {person: dict(duties) for person, duties in found.items()}


def by_acts(person: Person, names: Iterable[str]) -> list[Item]:
    """What `person` did of the acts with these names, newest first."""
    entries = (
        Entry.objects.valid()
        .filter(by=person, state=Entry.State.DONE, kind__in=list(names))
        .select_related("by", "guide")
        .prefetch_related("guide__standings")
        .order_by("-id")[:MOST]
    )
    return [Item(entry, as_guide=False) for entry in entries]


def duties_of(entry: Entry, *, as_guide: bool) -> Iterable[str]:
    """The duties that a done entry belongs to: of its actor, or of its guide."""
    return _belonging(entry.kind, entry.area, as_guide=as_guide)


def _belonging(kind: str, area: str, *, as_guide: bool) -> Iterable[str]:
    where = next((one for one in Area if one.value == area), None)
    if where is None:
        return ()
    if as_guide:
        return (GUIDING[where],)
    known = KINDS.get(kind)
    # An act may serve two areas (a runbook step for an incident or for a change): its own counts.
    return [duty for duty in known.duties if duty.startswith(where.prefix)] if known else ()


def completing(duty: str) -> list[str]:
    """The registered acts that may complete the evidence of a duty of the shipped ladder."""
    return [name for name, kind in sorted(KINDS.items()) if duty in kind.shows]


def acts_for(duty: str) -> list[str]:
    """The registered acts that are evidence for a duty of the shipped ladder."""
    named = [name for name, kind in sorted(KINDS.items()) if duty in kind.duties]
    return named + ([AS_GUIDE] if duty in GUIDING.values() else [])

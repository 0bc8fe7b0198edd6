"""Evidence: what the ledger shows of each duty. Reads the ledger only.

Two things are read. *Practised*: acts that belong to a duty were done, alone or as guide. *Shown*:
the duty was fulfilled, with an outcome and a witness (`acts/shown.py`); only this can be signed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

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
    """On how many objects somebody practised a duty, and the last time."""

    times: int
    last: Item


# Counted by the database from two indexes, because a ledger grows for ever: {acts} are rows of
# (duty, kind, area), {guiding} rows of (duty, area).
COUNT = """
WITH evidence (duty, kind, area) AS (VALUES {acts}),
guiding (duty, area) AS (VALUES {guiding}),
shown AS (
    SELECT duty, subject, id FROM evidence JOIN acts_entry USING (kind, area)
    WHERE by_id = %s AND state = 'done'
    UNION ALL
    SELECT duty, subject, id FROM guiding JOIN acts_entry USING (area)
    WHERE guide_id = %s AND state = 'done'
)
SELECT duty, COUNT(DISTINCT subject), MAX(id) FROM shown
WHERE id NOT IN (SELECT voids_id FROM acts_entry WHERE voids_id IS NOT NULL)
GROUP BY duty
"""


def practised(person: Person, named: Named | None = None) -> dict[str, Practice]:
    """Duty of the shipped ladder -> how often `person` practised it and when last; two queries.

    `named` are further duties, of another ladder, with the acts by which they are practised.
    """
    areas = {area.prefix: area.value for area in Area}
    acts = [(d, kind.name, areas[d[:2]]) for kind in KINDS.values() for d in kind.duties]
    for duty, names in (named or {}).items():
        acts += [(duty, name, area.value) for name in names for area in Area]
    guiding = [(duty, area.value) for area, duty in GUIDING.items()]
    asked = COUNT.format(
        acts=", ".join(["(%s, %s, %s)"] * len(acts)), guiding=", ".join(["(%s, %s)"] * len(guiding))
    )
    with connection.cursor() as cursor:
        cursor.execute(asked, [*chain(*acts), *chain(*guiding), person.pk, person.pk])
        counted: list[tuple[str, int, int]] = cursor.fetchall()
    last = Entry.objects.select_related("by", "guide").in_bulk({entry for _, _, entry in counted})
    return {
        duty: Practice(times, Item(last[entry], as_guide=last[entry].guide_id == person.pk))
        for duty, times, entry in counted
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
        Shown.objects.filter(person__in=people, entry__in=Entry.objects.valid())
        .select_related("entry", "witness")
        .order_by("-entry_id")[:MOST]
    )
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
    """The duties that a done entry is evidence for: of its actor, or of its guide."""
    area = next((a for a in Area if a.value == entry.area), None)
    if area is None:
        return ()
    if as_guide:
        return (GUIDING[area],)
    kind = KINDS.get(entry.kind)
    # An act may serve two areas (a runbook step for an incident or for a change): its own counts.
    return [duty for duty in kind.duties if duty.startswith(area.prefix)] if kind else ()


def completing(duty: str) -> list[str]:
    """The registered acts that may complete the evidence of a duty of the shipped ladder."""
    return [name for name, kind in sorted(KINDS.items()) if duty in kind.shows]


def acts_for(duty: str) -> list[str]:
    """The registered acts that are evidence for a duty of the shipped ladder."""
    named = [name for name, kind in sorted(KINDS.items()) if duty in kind.duties]
    return named + ([AS_GUIDE] if duty in GUIDING.values() else [])

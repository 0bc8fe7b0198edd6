"""What of the ladder can be read by REST and command line."""

from typing import Any

from watchbill.acts.models import Shown
from watchbill.acts.rest import Resource, described
from watchbill.ladder import evidence
from watchbill.ladder.adopt import in_force
from watchbill.ladder.models import Ladder
from watchbill.people.models import Person


def _ladder(ladder: Ladder) -> dict[str, Any]:
    return {
        "title": ladder.title,
        "levels": ladder.levels,
        "adopted_at": ladder.adopted_at,
        "duties": [
            {
                "key": duty.key,
                "area": duty.area,
                "level": duty.level,
                "text": duty.text,
                "acts": evidence.acts_for(duty.default_key),
            }
            for duty in ladder.duties.order_by("area", "level", "ordinal")
        ],
    }


def _evidence(person: Person) -> dict[str, Any]:
    practised, shown = evidence.of(person), evidence.shown(person)
    duties = list(in_force().duties.order_by("area", "level", "ordinal"))
    return {
        "username": person.username,
        "duties": {
            duty.key: [
                {**described(item.entry), "as_guide": item.as_guide}
                for item in practised.get(duty.default_key, [])
            ]
            for duty in duties
        },
        "shown": {
            duty.key: [_shown(row) for row in shown.get(duty.default_key, [])] for duty in duties
        },
    }


def _shown(row: Shown) -> dict[str, Any]:
    return {
        "on": row.on,
        "witness": row.witness.username if row.witness else None,
        "witness_level": row.witness_level,
        "drill": row.drill,
        "entry": row.entry_id,
        "act": row.entry.kind,
        "at": row.entry.at,
        "says": row.entry.says,
    }


RESOURCES = [
    Resource("ladders", Ladder, _ladder, doc="Ladders, drafts included"),
    Resource(
        "evidence",
        Person,
        _evidence,
        lambda: Person.objects.humans().order_by("username"),
        {"username": "username"},
        doc="What each person practised and showed of each duty",
    ),
]

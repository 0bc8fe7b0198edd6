"""What of the ladder can be read by REST and command line."""

from typing import Any

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
    shown = evidence.of(person)
    return {
        "username": person.username,
        "duties": {
            duty.key: [
                {**described(item.entry), "as_guide": item.as_guide}
                for item in shown.get(duty.default_key, [])
            ]
            for duty in in_force().duties.order_by("area", "level", "ordinal")
        },
    }


RESOURCES = [
    Resource("ladders", Ladder, _ladder, doc="Ladders, drafts included"),
    Resource(
        "evidence",
        Person,
        _evidence,
        lambda: Person.objects.humans().order_by("username"),
        {"username": "username"},
        doc="What the ledger shows of each duty, per person",
    ),
]

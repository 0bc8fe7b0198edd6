"""What of the ladder can be read by REST and command line."""

from typing import Any

from watchbill.acts.models import Shown
from watchbill.acts.rest import Resource, described
from watchbill.ladder import evidence, reads
from watchbill.ladder.adopt import in_force
from watchbill.ladder.models import Judgement, Ladder, Raise
from watchbill.people.models import Person


def _ladder(ladder: Ladder) -> dict[str, Any]:
    return {
        "title": ladder.title,
        "levels": ladder.levels,
        "adopted_at": ladder.adopted_at,
        "areas": ladder.areas,
        "duties": [
            {
                "key": duty.key,
                "area": duty.area,
                "level": duty.level,
                "text": duty.text,
                "stands_for": duty.default_key,
                "acts": duty.acts or evidence.acts_for(duty.default_key),
            }
            for duty in ladder.duties.order_by("id")
        ],
    }


def _evidence(person: Person) -> dict[str, Any]:
    practised, shown = evidence.of(person), evidence.shown(person)
    duties = list(in_force().duties.order_by("id"))
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


def _lines(person: Person) -> dict[str, Any]:
    matrix = reads.matrix(person)
    return {
        "username": person.username,
        "place": matrix.place,
        "duties": {
            line.duty.key: {
                "state": line.state,
                "missing": list(line.readiness.missing) if line.readiness else [],
                "signed_by": [
                    one.by.username for one in line.said.judgements if one.word == one.Word.SIGNED
                ],
            }
            for line in matrix.lines
        },
    }


def _judgement(judgement: Judgement) -> dict[str, Any]:
    return {
        "person": judgement.person.username,
        "duty": judgement.duty.key,
        "word": judgement.word,
        "by": judgement.by.username,
        "reason": judgement.reason,
        "next_act": judgement.next_act,
        "at": judgement.at,
        "contest": judgement.contest,
        "answer": judgement.answer,
        "answer_why": judgement.answer_why,
    }


def _raise(asked: Raise) -> dict[str, Any]:
    return {
        "person": asked.person.username,
        "area": asked.area,
        "level": asked.level,
        "rests_on": asked.rests_on,
        "at": asked.at,
        "declined_because": asked.why,
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
    Resource(
        "lines",
        Person,
        _lines,
        lambda: Person.objects.humans().order_by("username"),
        {"username": "username"},
        doc="How each duty of the ladder in force stands for a person, and what is missing",
    ),
    Resource(
        "judgements",
        Judgement,
        _judgement,
        lambda: Judgement.objects.select_related("person", "by", "duty").order_by("-pk"),
        {"person": "person__username", "by": "by__username", "word": "word"},
        doc="What was signed, returned and waived, and what was said against it",
    ),
    Resource(
        "raises",
        Raise,
        _raise,
        lambda: Raise.objects.select_related("person").order_by("-pk"),
        {"person": "person__username", "area": "area"},
        doc="Who asked to be placed one level higher",
    ),
]

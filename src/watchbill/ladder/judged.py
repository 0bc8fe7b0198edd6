"""What was said of a person's lines, read: which signatures hold, which contests wait."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.db.models.lookups import In

from watchbill.acts.models import Mention
from watchbill.ladder.models import Judgement, Raise
from watchbill.lib.levels import Area
from watchbill.people.models import Person

Word = Judgement.Word
TOP = 4
JUDGING = ("ladder.sign_duty", "ladder.sign_as_owner", "ladder.return_duty", "ladder.waive_duty")
# Another entry voids the one that made the judgement. Few are void, so they are listed once rather
# than looked for beside every judgement.
VOID: "In[str]" = In(
    Concat(Value("ladder.judgement:"), Cast("pk", CharField()), output_field=CharField()),
    Mention.objects.filter(
        ref__startswith="ladder.judgement:",
        entry__kind__in=JUDGING,
        entry__voided_by__isnull=False,
    )
    .values("ref")
    .query,
)


@dataclass(frozen=True)
class Said:
    """What holds of one line: `word` is "" where nothing does, `half` a first of two signatures."""

    word: str = ""
    judgements: tuple[Judgement, ...] = ()  # that count, newest first
    half: bool = False
    all: tuple[Judgement, ...] = ()  # also those that fell after a contest

    @property
    def last(self) -> Judgement | None:
        """The one that was said last."""
        return self.judgements[0] if self.judgements else None

    @property
    def settled(self) -> bool:
        """Signed or waived: what a raise rests on."""
        return self.word in (Word.SIGNED, Word.WAIVED)


def of_line(judgements: Sequence[Judgement], level: int) -> Said:
    """What holds of a line of `level`, from judgements that are not void, the newest first."""
    every = tuple(judgements)
    counts = tuple(one for one in every if one.answer != Judgement.Answer.FALLS)
    if not counts:
        return Said(all=every)
    if counts[0].word != Word.SIGNED:
        return Said(counts[0].word, counts, all=every)
    signed = list[Judgement]()
    for one in counts:
        if one.word != Word.SIGNED:
            break
        signed.append(one)
    if level < TOP or any(one.by_level >= TOP for one in signed):
        return Said(Word.SIGNED, counts, all=every)
    owners = {one.by_id for one in signed if one.as_owner}
    seniors = {one.by_id for one in signed if not one.as_owner}
    both = any(a != b for a in owners for b in seniors)
    return Said(Word.SIGNED if both else "", counts, half=not both, all=every)


def valid(people: Iterable[Person]) -> QuerySet[Judgement]:
    """Judgements of `people` that are not void, the newest first."""
    return (
        Judgement.objects.filter(person__in=people)
        .exclude(VOID)
        .select_related("by", "duty", "answered_by")
        .order_by("-pk")
    )


def lines(people: Iterable[Person]) -> dict[int, dict[str, list[Judgement]]]:
    """Person -> line -> what was said and is not void, the newest first; one query."""
    found: dict[int, dict[str, list[Judgement]]] = defaultdict(lambda: defaultdict(list))
    for judgement in valid(people):
        found[judgement.person_id][judgement.line].append(judgement)
    return found


def unseen(said: Mapping[str, Iterable[Judgement]]) -> list[Judgement]:
    """What of the lines of one person they have not marked as seen, the newest first."""
    every = (one for judgements in said.values() for one in judgements)
    return sorted((one for one in every if one.noted_at is None), key=lambda one: -one.pk)


def contests_for(person: Person) -> list[Judgement]:
    """The contests that `person` may answer: an L3 or higher in the area, and neither side."""
    areas = [area for area in Area if person.level(area) >= 3]
    if not areas:
        return []
    waiting = (
        Judgement.objects.filter(contested_at__isnull=False, answer="", area__in=areas)
        .exclude(by=person).exclude(person=person).exclude(VOID)
    )  # fmt: skip
    return list(waiting.select_related("person", "by", "duty").order_by("contested_at"))


def raises_for(person: Person) -> list[Raise]:
    """Who asks to be placed higher where `person` may place: a lead of the area, or an owner."""
    areas = [area for area in Area if person.is_owner or person.level(area) >= TOP]
    if not areas:
        return []
    asked = Raise.objects.filter(declined_at=None, area__in=areas).exclude(person=person)
    found = asked.select_related("person").prefetch_related("person__standings").order_by("at")
    return [one for one in found if one.person.level(one.area) < one.level]


def another_lead(person: Person, area: str) -> Person | None:
    """Somebody else who stands at L4 in `area`."""
    others = Person.objects.humans().exclude(pk=person.pk).prefetch_related("standings")
    return next((one for one in others.order_by("pk") if one.level(area) >= TOP), None)


def open_raise(person: Person, area: str) -> Raise | None:
    """What `person` asked for in `area` and has no answer to yet."""
    asked = Raise.objects.filter(person=person, area=area, declined_at=None)
    return asked.filter(level__gt=person.level(area)).order_by("-pk").first()

"""What is said of other people's lines: signing, returning, waiving, and contests about them."""

from itertools import takewhile
from typing import Annotated, Literal

from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.ladder import judged
from watchbill.ladder.acts.lines import area_given, area_of_judgement, line_named, written
from watchbill.ladder.models import Judgement
from watchbill.ladder.reads import Line
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person

Word = Judgement.Word
DutyId = Annotated[str, Field(label="Duty", help="Its id, such as IR-L1-3")]
Reason = Annotated[
    str,
    Field(label="Why", long=True, help="Needed where fewer items are shown than the rules ask."),
]
SENIOR, LEAD = 3, 4


def _what_is_shown(person: Person, given: Given) -> list[str]:
    """What the signature would rest on: what counts with its witnesses, and what is missing."""
    line = line_named(person, str(given.get("duty", "")))
    counted = line.readiness.counted if line.readiness else ()
    lines = [f"{item.says}: witnessed by {item.witness_name}" for item in counted]
    missing = line.readiness.missing if line.readiness else ()
    return [*lines, *(f"still missing: {words}" for words in missing)]


@act(
    "sign",
    area=area_given,
    tier=Tier.ROUTINE,
    moves=False,  # it changes nothing of the account
    says="signed {duty} of {on}{and_then}",
    title="Sign",
    effect=_what_is_shown,
)
def sign_duty(person: Person, by: Person, *, duty: DutyId, reason: Reason = "") -> Outcome:
    """Say that somebody has shown this duty. Always by a person, never by a count."""
    line = _judged(person, by, duty)
    stands = by.level(line.where.area)
    if line.level == SENIOR and stands < LEAD:
        raise CannotBeDone(
            "A line of L3 is signed by an L4.", hint="Ask a lead of the area to sign it."
        )
    return _sign(line, person, by, reason, as_owner=False)


@act(
    "administer",
    area=area_given,
    tier=Tier.ROUTINE,
    moves=False,
    says="signed {duty} of {on} as the owner{and_then}",
    title="Sign as the owner",
    effect=_what_is_shown,
)
def sign_as_owner(person: Person, by: Person, *, duty: DutyId, reason: Reason = "") -> Outcome:
    """Where no other L4 is there: the owner and an L3 sign a line of L4 together."""
    line = _judged(person, by, duty)
    if line.level != LEAD:
        raise CannotBeDone(
            "The owner signs lines of L4 only.", hint="An L3 or L4 of the area signs this one."
        )
    return _sign(line, person, by, reason, as_owner=True)


@act(
    "sign",
    area=area_given,
    tier=Tier.ROUTINE,
    moves=False,
    says="returned {duty} to {on}: {reason}; next: {next_act}",
    title="Return",
)
def return_duty(
    person: Person,
    by: Person,
    *,
    duty: DutyId,
    reason: Annotated[str, Field(label="Why not yet", long=True)],
    next_act: Annotated[
        str,
        Field(label="Next", help="One thing they can do: “lead the next sev4 from start to close”"),
    ],
) -> Outcome:
    """Say that this duty is not shown yet, why, and what to do next. Both are read by them."""
    line = _judged(person, by, duty)
    if line.level >= SENIOR and by.level(line.where.area) < LEAD:
        raise CannotBeDone(f"A line of L{line.level} is returned by an L4.")
    said = written(reason, "reason", "A return needs its reason")
    then = written(next_act, "next_act", "Name one act that comes next", 200)
    return _kept(line, person, by, Word.RETURNED, reason=said, next_act=then)


@act(
    "oversee",
    area=area_given,
    tier=Tier.ROUTINE,
    strict=True,
    moves=False,
    says="waived {duty} for {on}: {reason}",
    title="Waive",
)
def waive_duty(
    person: Person,
    by: Person,
    *,
    duty: DutyId,
    reason: Annotated[
        str, Field(label="Why", long=True, help="The team has no such work: say what it is.")
    ],
) -> Outcome:
    """Leave a duty out of account for somebody because the team has no such work."""
    line = _judged(person, by, duty)
    said = written(reason, "reason", "A waiver needs its reason")
    return _kept(line, person, by, Word.WAIVED, reason=said)


@act(
    "own",
    area=area_of_judgement,
    own=lambda judgement, person: judgement.person_id == person.pk,
    says="noted that {on}",
    title="Noted",
)
def note_judgement(judgement: Judgement, by: Person) -> Outcome:
    """Say that you have seen it; it leaves Now and stays on your ladder."""
    if judgement.noted_at is not None:
        raise CannotBeDone("You noted it already.")
    judgement.noted_at = clock.now()
    judgement.save(update_fields=["noted_at"])
    return {}


@act(
    "own",
    area=area_of_judgement,
    own=lambda judgement, person: judgement.person_id == person.pk,
    says="contested {on}: {why}",
    title="Contest",
)
def contest(judgement: Judgement, by: Person, *, why: Long) -> Outcome:
    """Say why you see it otherwise. Somebody else at L3 or above reads it and answers."""
    if judgement.contested_at is not None:
        raise CannotBeDone("You contested it already.", hint="Its answer stands beside it.")
    judgement.contest = written(why, "why", "Say why", 2000)
    judgement.contested_at = clock.now()
    judgement.noted_at = judgement.noted_at or judgement.contested_at
    judgement.save(update_fields=["contest", "contested_at", "noted_at"])
    return {}


@act(
    "sign",
    area=area_of_judgement,
    tier=Tier.ROUTINE,
    says="answered the contest of {on}: {word}, {why}",
    title="Answer the contest",
)
def answer_contest(
    judgement: Judgement, by: Person, *, word: Literal["stands", "falls"], why: Long
) -> Outcome:
    """Say, as somebody who was not part of it, whether it stands or falls, and why."""
    if judgement.contested_at is None:
        raise CannotBeDone("Nobody contests it.")
    if judgement.answer:
        raise CannotBeDone(f"It was answered already: {judgement.get_answer_display()}.")
    if by.pk in (judgement.by_id, judgement.person_id):
        raise CannotBeDone("Somebody else answers it.", hint="Any other L3 or L4 of the area.")
    judgement.answer, judgement.answered_by = word, by
    judgement.answer_why = written(why, "why", "Say why")
    judgement.noted_at = None  # the person reads the answer on Now
    judgement.save(update_fields=["answer", "answered_by", "answer_why", "noted_at"])
    return {}


def _judged(person: Person, by: Person, duty: str) -> Line:
    if person == by:
        raise CannotBeDone("Nobody judges their own lines.", hint="Ask a senior of the area.")
    if person.automation or not person.is_active:
        raise CannotBeDone("An automation or a closed account has no lines.")
    line = line_named(person, duty)
    if line.where.ours is None:
        raise CannotBeDone("Nobody stands in this area: its duties are not signed.", field="duty")
    if line.said.settled:
        raise CannotBeDone(
            f"It is {line.said.word} already.",
            hint="If that was wrong, void its entry (acts.void) with the reason.",
        )
    return line


def _sign(line: Line, person: Person, by: Person, reason: str, *, as_owner: bool) -> Outcome:
    if line.readiness and line.readiness.witnesses == {by.username}:
        raise CannotBeDone(
            "You are its only witness: nobody signs on what they alone saw.",
            hint="Somebody else signs it, or it is shown to one more person first.",
        )
    alone = by.level(line.where.area) >= LEAD and not as_owner
    if line.level == LEAD and not alone and (lead := judged.another_lead(person, line.where.area)):
        raise CannotBeDone(
            f"{lead} stands at L4 in this area and signs it.",
            hint="The owner and an L3 sign together where no other L4 is there.",
        )
    missing = line.readiness.missing if line.readiness else ()
    if missing and not reason.strip():
        raise CannotBeDone(
            f"Still missing: {'; '.join(missing)}.", field="reason",
            hint="Signing all the same needs a written reason, which they read.",
        )  # fmt: skip
    earlier = _first_of_two(line)
    if any(one.by_id == by.pk for one in earlier):
        raise CannotBeDone("You signed it; a second person must.")
    if line.level == LEAD and not (alone or as_owner) and any(not o.as_owner for o in earlier):
        raise CannotBeDone(
            "An L3 signed it already: the owner signs beside them.",
            hint="ladder.sign_as_owner, or another L4 signs alone.",
        )
    made = _kept(line, person, by, Word.SIGNED, reason=reason.strip()[:500], as_owner=as_owner)
    judgement: Judgement = made.pop("judgement")
    complete = (
        line.level < LEAD
        or judgement.by_level >= LEAD
        or any(one.as_owner is not as_owner for one in earlier)
    )
    waits = "the owner" if not as_owner else "an L3 of the area"
    return {**made, "and_then": "" if complete else f"; it waits for {waits} to sign too"}


def _first_of_two(line: Line) -> list[Judgement]:
    """The signatures that wait for a second one: those since it was last returned."""
    signed = takewhile(lambda one: one.word == Word.SIGNED, line.said.judgements)
    return list(signed) if line.said.half else []


def _kept(
    line: Line,
    person: Person,
    by: Person,
    word: Word,
    *,
    reason: str = "",
    next_act: str = "",
    as_owner: bool = False,
) -> Outcome:
    area = line.where.ours or Area.INCIDENT_RESPONSE
    judgement = Judgement.objects.create(
        person=person, duty=line.duty, line=line.duty.line, area=area, word=word, by=by,
        by_level=by.level(area), as_owner=as_owner, reason=reason, next_act=next_act,
    )  # fmt: skip
    made: Outcome = {"ref": judgement.ref, "duty": line.duty.key, "reason": reason}
    return {**made, "judgement": judgement} if word == Word.SIGNED else made

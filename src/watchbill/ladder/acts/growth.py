"""What somebody does about their own growth: how they see themselves, and asking for a raise."""

from typing import Annotated

from watchbill.acts.given import CannotBeDone, Field, Long, Personal
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.ladder import judged, sheet
from watchbill.ladder.acts.lines import area_given, line_named
from watchbill.ladder.models import Raise, SelfAssessment, SharedSheet
from watchbill.ladder.reads import matrix
from watchbill.lib import clock
from watchbill.lib.levels import LEVELS, Area, Tier
from watchbill.people.models import Person

EVERYWHERE = Area.INCIDENT_RESPONSE  # one's own affair: no level decides
AreaName = Annotated[str, Field(choices=lambda on: [(a.value, a.title) for a in Area])]
WORDS = [(word.value, word.label) for word in SelfAssessment.Word]


def _own(person: Person, by: Person) -> bool:
    return person == by


@act(
    "own",
    area=area_given,
    own=_own,
    moves=False,
    says="looked at themselves on {duty}",
    title="Assess yourself",
)
def assess_myself(
    person: Person,
    by: Person,
    *,
    duty: Annotated[str, Field(label="Duty", help="Its id, such as IR-L1-3")],
    word: Annotated[Personal, Field(label="You do this", choices=lambda on: WORDS)],
    line: Annotated[
        Personal, Field(label="In a line", help="Only you read it until you share your sheet.")
    ] = "",
) -> Outcome:
    """Say how you see yourself on a duty. Nobody else reads it until you share your sheet."""
    if word not in SelfAssessment.Word.values:
        raise CannotBeDone(
            "There is no such answer.", field="word", hint=", ".join(SelfAssessment.Word.values)
        )
    if len(line) > 500:
        raise CannotBeDone("A line has at most 500 characters.", field="line")
    found = line_named(person, duty)
    SelfAssessment.objects.create(
        person=person, duty=found.duty, line=found.duty.line, word=word, says=line.strip()
    )
    return {}


def _what_is_shared(person: Person, given: Given) -> list[str]:
    """What the others will read, differences from what is shown first."""
    rows = sheet.assessed(matrix(person), sheet.assessments(person))
    differ = [f"{row.line.duty.key}: {row.difference}" for row in rows if row.difference]
    same = [f"{row.line.duty.key}: {row.words}" for row in rows if not row.difference]
    return [*differ, *same]


@act(
    "own",
    area=EVERYWHERE,
    own=_own,
    moves=False,
    says="shared their sheet",
    title="Share your sheet",
    effect=_what_is_shared,
)
def share_sheet(person: Person, by: Person) -> Outcome:
    """Let the others read how you see yourself, as it is now. Later changes are yours again."""
    if not SelfAssessment.objects.filter(person=person).exists():
        raise CannotBeDone("You have not assessed yourself on any duty yet.")
    SharedSheet.objects.create(person=person)
    return {"url": f"/ladder/people/{person.username}/sheet"}


@act(
    "own",
    area=lambda person, given: given.get("area", EVERYWHERE),
    own=_own,
    moves=False,
    says="asked to be placed at L{level} in {area}",
    title="Ask for the next level",
)
def ask_for_raise(person: Person, by: Person, *, area: AreaName) -> Outcome:
    """Ask to be placed one level higher in an area, when all its duties up to there are signed."""
    if area not in set(Area):
        raise CannotBeDone("There is no such area.", field="area", hint=", ".join(Area))
    level = person.level(area) + 1
    if level > LEVELS[-1]:
        raise CannotBeDone(f"You stand at L{LEVELS[-1]}, the highest there is.")
    if waiting := judged.open_raise(person, area):
        raise CannotBeDone(f"You asked for L{waiting.level} and it waits for an answer.")
    lines = matrix(person).rests_on(area, level)
    if not lines:
        raise CannotBeDone("The ladder in force has no duties there.", field="area")
    if lacking := [line.duty.key for line in lines if not line.said.settled]:
        raise CannotBeDone(
            f"Not signed yet: {', '.join(lacking)}.", field="area",
            hint="Each line says what is missing and where to do it: see your ladder.",
        )  # fmt: skip
    asked = Raise.objects.create(
        person=person, area=area, level=level, rests_on=sheet.rests_on(lines)
    )
    return {"ref": asked.ref, "level": level, "url": asked.get_absolute_url()}


@act(
    "place",
    area=lambda asked, given: asked.area,
    tier=Tier.ROUTINE,
    says="declined {on} for now: {why}",
    title="Not now",
)
def decline_raise(asked: Raise, by: Person, *, why: Long) -> Outcome:
    """Say why not now. They read it, and may ask again."""
    if asked.person_id == by.pk:
        raise CannotBeDone("Somebody else answers what you asked.")
    if asked.declined_at is not None or asked.person.level(asked.area) >= asked.level:
        raise CannotBeDone("It was answered already.")
    if not 0 < len(why.strip()) <= 500:
        raise CannotBeDone("Say why, in 1 to 500 characters.", field="why")
    asked.declined_by, asked.declined_at, asked.why = by, clock.now(), why.strip()
    asked.save(update_fields=["declined_by", "declined_at", "why"])
    return {}

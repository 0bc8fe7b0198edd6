"""Acts on the mechanism itself: voiding a row, and the team's own numbers."""

from typing import Annotated

from watchbill.acts.authority import FREE, NEED, STRICT
from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.models import Entry, Need
from watchbill.lib.levels import LEVELS, Tier
from watchbill.people.models import House, Person


@act(
    "approve",
    area=lambda entry, given: entry.area,
    tier=Tier.ROUTINE,
    own=lambda entry, person: entry.by_id == person.pk,
    moves=False,  # entries never change, not even by a version
    says="voided: {was}",
    title="Void this entry",
)
def void(entry: Entry, by: Person, *, why: Long) -> Outcome:
    """Say that an entry is wrong. It stays, pointed at by yours, and counts as evidence no more."""
    if entry.kind == "acts.void":
        raise CannotBeDone("A voiding entry cannot be voided.", hint="Do the act again instead.")
    return {"was": entry.says, "voids": entry.pk, "why": why}


def _verbs(house: House) -> list[tuple[str, str]]:
    changeable = [verb for verb in NEED if verb not in FREE and verb not in STRICT]
    return [(verb, verb) for verb in changeable]


@act(
    "standard",
    area=lambda house, given: given.get("area", "incident-response"),
    tier=Tier.CRITICAL,
    strict=True,
    says="set {verb} at tier {tier} to be done alone from L{level}",
    title="Change the authority table",
)
def set_need(
    house: House,
    by: Person,
    *,
    verb: Annotated[str, Field(choices=_verbs)],
    tier: Annotated[str, Field(choices=lambda house: [(t.word, t.word) for t in Tier])],
    level: Annotated[int, Field(label="Alone from level")],
    why: Long,
) -> Outcome:
    """Change from which level a verb is done alone, for the whole installation."""
    if verb not in dict(_verbs(house)):
        raise CannotBeDone(f"{verb} is fixed.", field="verb", hint="See the table of acts.")
    if level not in LEVELS:
        raise CannotBeDone("A level is 1 to 4.", field="level")
    try:
        at = Tier.read(tier)
    except ValueError as error:
        raise CannotBeDone(str(error), field="tier") from None
    Need.objects.create(verb=verb, tier=at, level=level, reason=why)
    return {}

"""What is done about the ladder itself: draft another one, map it, put it into force."""

from typing import Annotated

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.ladder import adopt, mapping, reads
from watchbill.ladder.document import LadderError
from watchbill.ladder.models import Duty, Ladder
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.people.models import House, Person

EVERYWHERE = Area.INCIDENT_RESPONSE  # the owner's flag decides, not a level


@act("suggest", area=EVERYWHERE, says="drafted the ladder {title}", title="Draft another ladder")
def draft_ladder(
    house: House,
    by: Person,
    *,
    text: Annotated[str, Field(label="The document, in Markdown", long=True)],
) -> Outcome:
    """Read a ladder document and look at what it would change. Nothing takes effect yet."""
    try:
        ladder = adopt.draft(text, by)
    except LadderError as error:
        raise CannotBeDone(str(error), field="text") from None
    return {"ref": ladder.ref, "url": ladder.get_absolute_url(), "title": ladder.title}


@act(
    "suggest", area=EVERYWHERE, moves=True, says="mapped {lines} of {on}", title="Map this ladder"
)  # fmt: skip
def map_ladder(
    ladder: Ladder,
    by: Person,
    *,
    text: Annotated[
        str,
        Field(
            label="What corresponds to what, one line each", long=True,
            help="An area: “Platform -> maintenance: 1=1 2=2 3=3 4=4 5=4”. A duty: “PL-L1-2 -> "
            "MA-L1-2”, or acts by name, or “nothing”. What is not named stays as it is.",
        ),
    ],
) -> Outcome:  # fmt: skip
    """Say to which area and levels of ours each of its own corresponds, and duties to what."""
    if ladder.adopted_at is not None:
        raise CannotBeDone(
            "It is or was in force: signatures rest on it as it is.",
            hint="Draft the document again and map that draft.",
        )
    areas, duties = mapping.kept(ladder.areas), list(ladder.duties.order_by("id"))
    try:
        found = mapping.read(text, areas, {duty.key for duty in duties})
    except mapping.MappingError as error:
        raise CannotBeDone(str(error), field="text", hint=error.hint) from None
    if not found.areas and not found.duties:
        raise CannotBeDone("It names no area and no duty.", field="text", hint="One line each.")
    areas = [found.areas.get(where.slug, where) for where in areas]
    ladder.areas = [where.row for where in areas]
    ladder.save(update_fields=["areas"])
    _propose([duty for duty in duties if duty.area in found.areas], areas)
    for duty in duties:
        if duty.key in found.duties:
            duty.default_key, duty.acts = found.duties[duty.key]
    Duty.objects.bulk_update(duties, ["default_key", "acts"])
    adopt.draw_lines(ladder)
    count = len(found.areas) + len(found.duties)
    return {
        "lines": f"{count} {'line' if count == 1 else 'lines'}",
        "url": ladder.get_absolute_url(),
    }


def _propose(duties: list[Duty], areas: list[mapping.Where]) -> None:
    """For duties whose area was mapped just now: the shipped duty that is most alike."""
    where = {one.slug: one for one in areas}
    alike = adopt.most_alike(
        (d.key, where[d.area].area, where[d.area].level(d.level), d.text)
        for d in duties
        if not d.acts
    )
    for duty in duties:
        duty.default_key = alike.get(duty.key, "" if not duty.acts else duty.default_key)


def _effect(ladder: Ladder, given: Given) -> list[str]:
    """What changes, and what becomes of everybody's signed lines."""
    kinds = reads.differences(ladder)
    told = ", ".join(f"{len(found)} {kind}" for kind, found in kinds.items() if found)
    lines = [f"{ladder.duties.count()} duties in place of {adopt.in_force().title}: {told}."]
    for person, stays, aside in reads.what_becomes(ladder):
        words = [f"signed stay {', '.join(stays)}"] if stays else []
        words += [f"kept aside {', '.join(aside)}"] if aside else []
        lines.append(f"{person}: {'; '.join(words)}.")
    return [*lines, "The ladder before stays kept and can be adopted again."]


@act(
    "administer",
    area=EVERYWHERE,
    says="adopted the ladder {on}",
    title="Put into force",
    effect=_effect,
)
def adopt_ladder(ladder: Ladder, by: Person) -> Outcome:
    """Put this ladder into force. The one before stays kept, and can be put into force again."""
    before = adopt.in_force()
    if before == ladder:
        raise CannotBeDone("It is in force.")
    areas = mapping.kept(ladder.areas)
    if undecided := [where.title for where in areas if not where.decided]:
        raise CannotBeDone(
            f"Areas without a counterpart: {', '.join(undecided)}.",
            hint=f"Map each of them (ladder.map_ladder) to {', '.join(Area)}, or to nothing.",
        )
    if not any(where.ours for where in areas):
        raise CannotBeDone(
            "None of its areas corresponds to one of ours: nobody would stand anywhere.",
            hint="Map at least one area.",
        )
    ladder.adopted_at = clock.now()
    ladder.save(update_fields=["adopted_at"])
    return {"before": before.ref, "url": "/ladder/"}

"""Oversight: a lead holds a critical analysis against a list of what makes it complete."""

from typing import Annotated, Literal

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.investigations.acts import must
from watchbill.investigations.completeness import COMPLETE
from watchbill.investigations.models import Analysis
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person


@act(
    "oversee",
    tier=Tier.CRITICAL,
    duties="IR-L4-2",
    says="oversaw the {on}: {verdict}, {why}",
    title="Oversee",
)
def oversee_analysis(
    analysis: Analysis,
    by: Person,
    *,
    complete: Annotated[
        tuple[str, ...],
        Field(label="What is there", choices=lambda analysis: list(COMPLETE.items())),
    ] = (),
    verdict: Literal["accepted", "returned"],
    why: Annotated[str, Field(long=True, label="Reasons")],
) -> Outcome:
    """Accept or return the analysis of a critical incident, point by point, with reasons."""
    investigation = analysis.investigation
    if investigation.area != Area.INCIDENT_RESPONSE:
        raise CannotBeDone("Analyses of incidents are overseen.", hint="Another senior judges it.")
    if investigation.tier is not Tier.CRITICAL and not investigation.complex:
        raise CannotBeDone("It is neither critical nor complex.", hint="Another senior judges it.")
    if by.pk in (analysis.author_id, investigation.owner_id):
        raise CannotBeDone("Nobody oversees their own work.", hint="Ask another lead.")
    if analysis.oversight:
        raise CannotBeDone(f"{analysis.overseen_by} {analysis.oversight} it already.")
    if unknown := next((key for key in complete if key not in COMPLETE), ""):
        raise CannotBeDone(f"{unknown!r} is not on the list.", field="complete")
    lacking = [key for key in COMPLETE if key not in complete]
    if verdict == "accepted" and lacking:
        raise CannotBeDone(
            f"{len(lacking)} points of the list are open.", field="complete",
            hint="Return it and say what is missing.",
        )  # fmt: skip
    if verdict == "returned" and not lacking:
        raise CannotBeDone("Everything is there, you say.", field="verdict", hint="Accept it.")
    analysis.oversight, analysis.lacking = Analysis.Oversight(verdict), lacking
    analysis.oversight_why = must.be_said(why, 1000, field="why", what="Give your reasons.")
    analysis.overseen_by, analysis.overseen_at = by, clock.now()
    if verdict == "returned":
        analysis.state = Analysis.State.RETURNED
    analysis.save()
    return {}


@act(
    "note",
    shows="IR-L4-2",
    says="took note of the oversight: {word}",
    title="Take note",
)
def take_note(
    analysis: Analysis,
    by: Person,
    *,
    word: Annotated[str, Field(label="In a line", help="What follows from it for you?")],
) -> Outcome:
    """Say that you read what the oversight found. Whoever leads the investigation does."""
    overseer = analysis.overseen_by
    if overseer is None:
        raise CannotBeDone("Nobody oversaw it yet.")
    if by.pk != analysis.investigation.owner_id:
        raise CannotBeDone(f"{analysis.investigation.owner} leads it and takes note.")
    if by.pk == overseer.pk:
        raise CannotBeDone("It was your own oversight.")
    if analysis.noted_at is not None:
        raise CannotBeDone("You took note already.")
    analysis.note = must.be_said(word, 500, field="word", what="Say what follows from it.")
    analysis.noted_at = clock.now()
    analysis.save(update_fields=["note", "noted_at"])
    return {"shows": [Show("IR-L4-2", overseer, on=analysis, witness=by)]}

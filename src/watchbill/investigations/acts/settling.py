"""Settling: a change ends the problem, and after a while somebody confirms that it stayed away."""

from typing import Annotated

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.acts.shown import Show
from watchbill.investigations.acts import must
from watchbill.investigations.models import Analysis, Investigation
from watchbill.investigations.settled import Settling, settling
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import UnknownSubject, find

A_CHANGE = "maintenance.change"
MOST_DAYS = 365


def _tier(on: Investigation, given: Given) -> Tier:
    return Tier.CRITICAL if on.complex else on.tier


@act(
    "analyse",
    area=Area.MAINTENANCE,
    tier=_tier,
    duties="MA-L3-2",
    says="says that “{what}” settles it, if it stays away for {days} days",
    title="Settle with a change",
)
def settle_with(
    investigation: Investigation,
    by: Person,
    *,
    change: Annotated[str, Field(help="Its number, such as 12, or maintenance.change:12.")],
    days: Annotated[int, Field(label="Days without coming back")] = 14,
) -> Outcome:
    """Link the change that settles it, and how long it must stay away once that is done."""
    if investigation.confirmed_by is not None:
        raise CannotBeDone("It is confirmed as settled.", hint="Reopen it if it came back.")
    if not 1 <= days <= MOST_DAYS:
        raise CannotBeDone(f"1 to {MOST_DAYS} days.", field="days")
    if not investigation.analyses.exclude(state=Analysis.State.RETURNED).exists():
        raise CannotBeDone("There is no analysis of it.", hint="Publish one first.")
    ref = change.strip()
    try:
        found = find(ref if ":" in ref else f"{A_CHANGE}:{ref}")
    except UnknownSubject:
        raise CannotBeDone("There is no such change.", field="change") from None
    if found._meta.label_lower != A_CHANGE:
        raise CannotBeDone("That is no change.", field="change")
    investigation.settled_with, investigation.settled_title = found.ref, str(found)[:200]
    investigation.quiet_days, investigation.settled_by = days, by
    investigation.save(update_fields=["settled_with", "settled_title", "quiet_days", "settled_by"])
    return {"ref": found.ref, "what": str(found)}


@act(
    "approve",
    area=Area.MAINTENANCE,
    shows="MA-L3-2",
    says="confirmed that it did not come back: {saw}{besides}",
    title="Confirm that it is settled",
)
def confirm_settled(
    investigation: Investigation,
    by: Person,
    *,
    saw: Annotated[str, Field(long=True, label="What did you look at?")],
    something_else: Annotated[
        str,
        Field(
            long=True,
            label="What happened on the component since is something else, because",
            help="Needed when an alert fired there or an incident was declared.",
        ),
    ] = "",
) -> Outcome:
    """Look whether it stayed away for its window. Somebody else than who settled it does."""
    if not investigation.settled_with:
        raise CannotBeDone("No change is linked that settles it.")
    if investigation.confirmed_by is not None:
        raise CannotBeDone(f"{investigation.confirmed_by} confirmed it already.")
    found = settling(investigation)
    analysis = investigation.analyses.exclude(state=Analysis.State.RETURNED).last()
    if analysis is None:
        raise CannotBeDone("Its analysis was returned.", hint="Publish another first.")
    _must_be_over(found)
    if by.pk in (analysis.author_id, investigation.settled_by_id, found.by and found.by.pk):
        raise CannotBeDone("Somebody who did not settle it confirms.", hint="Ask another senior.")
    must.be_said(saw, 1000, field="saw", what="Say what you looked at.")
    if found.signs and len(something_else.split()) < 3:
        raise CannotBeDone(
            f"Since then: {found.signs[0].what}.", field="something_else",
            hint="Say why that is something else, or reopen the investigation.",
        )  # fmt: skip
    investigation.confirmed_by, investigation.confirmed_at = by, clock.now()
    investigation.save(update_fields=["confirmed_by", "confirmed_at"])
    both = found.by is not None and found.by.pk == analysis.author_id
    maintained = investigation.area == Area.MAINTENANCE and investigation.complex
    shows = [Show("MA-L3-2", analysis.author, on=investigation, witness=by)]
    return {
        "besides": f". Since then, but something else: {something_else.strip()}"
        if found.signs
        else "",
        "shows": shows if both and maintained else [],
    }


def _must_be_over(found: Settling) -> None:
    if found.until is None:
        raise CannotBeDone("The change is not completed yet.")
    if clock.now() < found.until:
        raise CannotBeDone(
            f"Its window runs until {found.until:%Y-%m-%d %H:%M} UTC.",
            hint="Come back then.",
        )

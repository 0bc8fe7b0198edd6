"""The documents of a change: linked or declined, and accepted by somebody who used them."""

from typing import Annotated, Literal

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.lib import clock
from watchbill.maintenance.acts.planning import procedures, version_of
from watchbill.maintenance.acts.rules import close_if_settled
from watchbill.maintenance.models import Change
from watchbill.people.models import Person


@act("document", duties="MA-L2-4", says="settled the documents of “{on}”: {docs}", title="Document")
def document(
    change: Change,
    by: Person,
    *,
    docs: Literal["updated", "declined"],
    link: Annotated[str, Field(help="Where the updated document is.")] = "",
    runbook: Annotated[
        str, Field(choices=procedures, help="Or a runbook: its version in force is linked.")
    ] = "",
    reason: Annotated[str, Field(help="Why nothing needs to be written.")] = "",
) -> Outcome:
    """Say which document now describes it, or why none needs to."""
    version = version_of(runbook, field="runbook") if docs == "updated" else None
    if docs == "updated" and version is None and not link.startswith(("http://", "https://", "/")):
        raise CannotBeDone("Say where it is.", field="link", hint="A web address or /path.")
    if docs == "declined" and len(reason.split()) < 2:
        raise CannotBeDone("Say why nothing needs to be written.", field="reason")
    if change.state == Change.State.CLOSED:
        raise CannotBeDone("The change is closed.")
    change.docs, change.docs_link = docs, link.strip()[:500]
    change.docs_reason, change.docs_runbook = reason.strip()[:500], version
    change.documented_by, change.documented_at = by, clock.now()
    change.docs_accepted_by, change.docs_accepted_at = None, None
    close_if_settled(change)
    change.save()
    return {}


@act(
    "review",
    shows="MA-L2-4",
    says="accepted the document of “{on}”: {how} it",
    title="Accept the document",
    moves=False,
)
def accept_document(
    change: Change,
    by: Person,
    *,
    how: Annotated[Literal["read", "followed"], Field(label="You have")],
    word: Annotated[str, Field(label="A word to whoever wrote it")] = "",
) -> Outcome:
    """Say that what describes the change is right: you read it, or followed it."""
    if change.docs != Change.Docs.UPDATED or change.documented_by is None:
        raise CannotBeDone("No document is linked with it.")
    if change.docs_accepted_at is not None:
        raise CannotBeDone(f"{change.docs_accepted_by} accepted it already.")
    if change.documented_by_id == by.pk:
        raise CannotBeDone("Nobody accepts their own document.")
    change.docs_accepted_by, change.docs_accepted_at = by, clock.now()
    change.docs_accepted_how, change.docs_accepted_word = how, word.strip()[:500]
    change.save()
    return {"shows": [Show("MA-L2-4", change.documented_by, on=change, witness=by)]}

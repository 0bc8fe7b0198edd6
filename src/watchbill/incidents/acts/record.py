"""The incident's record: published in versions, accepted by somebody else who responded."""

from typing import Annotated

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.incidents import draft
from watchbill.incidents.models import Incident, Record
from watchbill.lib import clock
from watchbill.people.models import Person


def _long(label: str, help: str) -> Field:
    return Field(long=True, label=label, help=help)


@act(
    "document",
    duties="IR-L2-4",
    says="published version {number} of the record",
    title="Publish the record",
    moves=False,
)
def publish_record(
    incident: Incident,
    by: Person,
    *,
    impact: Annotated[str, _long("Impact", "Whom did it harm, how, from when to when?")] = "",
    cause: Annotated[str, _long("Cause", "What made it possible; say so if it is not known.")] = "",
    actions: Annotated[str, _long("Actions taken", "What was done, and what helped.")] = "",
) -> Outcome:
    """Keep what happened for those who come later. The timeline is taken from the ledger."""
    absent = draft.missing(incident, impact=impact, cause=cause, actions=actions)
    if absent:
        raise CannotBeDone(
            f"The record is not complete: {'; '.join(absent.values())}.", field=next(iter(absent))
        )
    last = incident.records.order_by("-number").first()
    made = Record.objects.create(
        incident=incident, number=last.number + 1 if last else 1, impact=impact.strip(),
        cause=cause.strip(), actions=actions.strip(), published_by=by, lines=draft.lines(incident),
    )  # fmt: skip
    return {"ref": made.ref, "url": made.get_absolute_url(), "number": made.number}


@act(
    "review",
    shows="IR-L2-4",
    says="accepted version {number} of the record",
    title="Accept the record",
)
def accept_record(record: Record, by: Person) -> Outcome:
    """Say, as somebody who responded too, that this is what happened."""
    if record.accepted_by_id is not None:
        raise CannotBeDone(f"{record.accepted_by} accepted it already.")
    if by.pk == record.published_by_id:
        raise CannotBeDone("Nobody accepts their own record.", hint="Ask another responder.")
    if not record.incident.seats.filter(person=by, provisional=False).exists():
        raise CannotBeDone("Only who held a seat accepts it.", hint="Add a note in the room.")
    if record.incident.records.filter(number__gt=record.number).exists():
        raise CannotBeDone("There is a newer version.", hint="Read that one.")
    record.accepted_by, record.accepted_at = by, clock.now()
    record.save(update_fields=["accepted_by", "accepted_at"])
    # Of the incident: another version of its record is no other piece of work.
    shows = [Show("IR-L2-4", record.published_by, on=record.incident, witness=by)]
    return {"number": record.number, "shows": shows}

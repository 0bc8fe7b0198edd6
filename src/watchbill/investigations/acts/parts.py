"""What people do with the parts of an investigation and the steps of its protocol."""

from typing import Annotated

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.investigations import protocols
from watchbill.investigations.acts import must
from watchbill.investigations.models import Investigation, Part, Protocol, Step
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import House, Person


@act(
    "suggest",
    says="cut out a part of the work: {text}",
    title="Add a part",
)
def add_part(
    investigation: Investigation,
    by: Person,
    *,
    text: Annotated[str, Field(label="What is to be found out?")],
) -> Outcome:
    """Cut out a piece of the work that somebody can take and finish."""
    must.be_open(investigation)
    said = must.be_said(text, 300, field="text", what="Say what is to be found out.")
    made = Part.objects.create(investigation=investigation, text=said, added_by=by)
    return {"ref": made.ref}


@act("investigate", duties="IR-L2-2 MO-L2-3", says="took the part “{on}”", title="Take")
def take_part(part: Part, by: Person) -> Outcome:
    """Join in: this part is yours until you finish it."""
    must.be_open(part.investigation)
    if part.state != Part.State.FREE:
        raise CannotBeDone(f"It is {part.get_state_display()} already.")
    part.state, part.by = Part.State.TAKEN, by
    part.save(update_fields=["state", "by"])
    return {}


@act(
    "investigate",
    duties="IR-L2-2 MO-L2-3",
    says="finished the part “{on}”: {result}",
    title="Finish",
)
def finish_part(
    part: Part,
    by: Person,
    *,
    result: Annotated[str, Field(long=True, label="What came of it?")],
) -> Outcome:
    """Say what came of your part, also when it led nowhere."""
    must.be_open(part.investigation)
    if part.state != Part.State.TAKEN or part.by_id != by.pk:
        raise CannotBeDone("Only whoever has taken a part finishes it.")
    part.result = must.be_said(result, 1000, field="result", what="Say what came of it.")
    part.state, part.ended_at = Part.State.FINISHED, clock.now()
    part.save(update_fields=["result", "state", "ended_at"])
    return {}


@act("investigate", says="dropped the part “{on}”: {because}", title="Drop")
def drop_part(part: Part, by: Person, *, because: Annotated[str, Field()]) -> Outcome:
    """Say why this part is not needed any more."""
    must.be_open(part.investigation)
    if part.state in (Part.State.FINISHED, Part.State.DROPPED):
        raise CannotBeDone(f"It is {part.get_state_display()} already.")
    owns = by.pk in (part.investigation.owner_id, part.by_id)
    if part.state == Part.State.TAKEN and not owns:
        raise CannotBeDone(f"{part.by} works on it.", hint="They drop it, or the owner does.")
    part.result = must.be_said(because, 1000, field="because", what="Say why.")
    part.state, part.ended_at = Part.State.DROPPED, clock.now()
    part.save(update_fields=["result", "state", "ended_at"])
    return {}


Place = Annotated[int, Field(label="Step", hidden=True)]


@act(
    "investigate",
    duties="IR-L2-2",
    says="ticked “{step_text}”: {found}",
    title="Tick",
    moves=False,
)
def tick_step(
    investigation: Investigation,
    by: Person,
    *,
    step: Place,
    found: Annotated[str, Field(label="What did you find?", long=True)],
) -> Outcome:
    """Tick a step of the protocol with a line on what was found."""
    said = must.be_said(found, 1000, field="found", what="Say in a line what was found.")
    return _settle(investigation, by, step, said, left=False)


@act(
    "investigate",
    says="left “{step_text}”: {because}",
    title="Leave",
    moves=False,
)
def leave_step(
    investigation: Investigation,
    by: Person,
    *,
    step: Place,
    because: Annotated[str, Field(label="Why is it not needed here?", long=True)],
) -> Outcome:
    """Leave a step of the protocol, and say why. It can still be ticked later."""
    said = must.be_said(because, 1000, field="because", what="Say why.")
    return _settle(investigation, by, step, said, left=True)


def _settle(
    investigation: Investigation, by: Person, place: int, said: str, *, left: bool
) -> Outcome:
    must.be_open(investigation)
    step: Step | None = investigation.steps.filter(position=place).first()
    if step is None:
        raise CannotBeDone("There is no such step.", field="step")
    if step.ticked or (left and step.settled):
        raise CannotBeDone(f"{step.by} settled it already: {step.said}")
    step.left, step.said, step.by, step.at = left, said, by, clock.now()
    step.save(update_fields=["left", "said", "by", "at"])
    return {"step_text": step.text}


def _for_area(on: House, given: Given) -> str:
    return str(given.get("area") or Area.INCIDENT_RESPONSE)


@act(
    "improve",
    area=_for_area,
    tier=Tier.MODERATE,
    says="published the protocol {title}, edition {edition}",
    title="Publish a protocol",
    moves=False,
)
def publish_protocol(
    house: House,
    by: Person,
    *,
    name: Annotated[str, Field(help="Small letters, digits and hyphens; “standard” is the usual.")],
    title: str,
    steps: Annotated[list[str], Field(help="A question on each line, in their order.")],
    area: Annotated[Area, Field(label="For")] = Area.INCIDENT_RESPONSE,
) -> Outcome:
    """Write down how to investigate. Open investigations keep the edition they began with."""
    key = name.strip().lower()
    if not key or len(key) > 40 or not key.replace("-", "").isalnum() or not key.isascii():
        raise CannotBeDone("A name has small letters, digits and hyphens.", field="name")
    lines = must.be_lines(steps, protocols.MOST_STEPS, protocols.LONGEST_STEP, field="steps")
    if len(lines) < 2:
        raise CannotBeDone("A protocol has at least two steps.", field="steps")
    before = protocols.in_force().get(key)
    made = Protocol.objects.create(
        name=key, edition=before.edition + 1 if before else 1, steps=lines, by=by,
        title=must.be_said(title, 80, field="title", what="It needs a title."),
    )  # fmt: skip
    return {"ref": made.ref, "edition": made.edition}

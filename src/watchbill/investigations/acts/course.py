"""The course of an investigation: opened, led, closed, read by somebody else, reopened."""

from typing import Annotated, Any, Literal

from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.acts.shown import Show
from watchbill.investigations import protocols, together
from watchbill.investigations.acts import must
from watchbill.investigations.models import Hypothesis, Investigation, Part, Step
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject
from watchbill.practice.about import area_of

# What an investigation may be about; where nothing says in which area, whoever opens it does.
MATTERS = ("incidents.incident", "alerts.alert", "monitoring.report", "maintenance.change")
LEAVE_IT_OPEN = ("catalog.component", "people.house")
Conclusion = Investigation.Conclusion


def _area(on: Subject, given: Given) -> str:
    asked = str(given.get("area") or "")
    return asked if asked and on._meta.label_lower in LEAVE_IT_OPEN else area_of(on, given)


def _protocols(on: Any) -> list[tuple[str, str]]:
    return [(one.name, str(one)) for one in protocols.in_force().values()]


@act(
    "investigate",
    area=_area,
    duties="IR-L2-2 MO-L2-3",
    says="opened the investigation “{asked}”, by the {protocol_title}",
    title="Investigate",
    moves=False,
)
def open_investigation(
    on: Subject,
    by: Person,
    *,
    title: Annotated[str, Field(label="What is the question?", help="Why does …?")],
    area: Annotated[
        Literal["", "incident-response", "monitoring", "maintenance"],
        Field(help="Asked only on a component or the house: whose work it is."),
    ] = "",
    protocol: Annotated[str, Field(choices=_protocols)] = protocols.STANDARD,
) -> Outcome:
    """Find out why, by a protocol. You own it; everybody may add what they find."""
    label = on._meta.label_lower
    if label not in (*MATTERS, *LEAVE_IT_OPEN):
        raise CannotBeDone(
            "That is nothing to investigate.", field="on",
            hint="An incident, alert, report, change, component, or the house.",
        )  # fmt: skip
    if area and label in MATTERS and area != area_of(on, {}):
        raise CannotBeDone(
            f"An investigation of this belongs to {Area(area_of(on, {})).title.lower()}.",
            field="area", hint="Leave the area empty.",
        )  # fmt: skip
    checklist = protocols.in_force().get(protocol or protocols.STANDARD)
    if checklist is None:
        raise CannotBeDone(f"There is no protocol {protocol!r}.", field="protocol")
    made = Investigation.objects.create(
        about=on.ref, area=_area(on, {"area": area}), owner=by, protocol=str(checklist),
        title=must.be_said(title, 200, field="title", what="Say what the question is."),
    )  # fmt: skip
    Step.objects.bulk_create(
        Step(investigation=made, position=place, text=text)
        for place, text in enumerate(checklist.steps, start=1)
    )
    return {
        "ref": made.ref, "url": made.get_absolute_url(),
        "asked": made.title, "protocol_title": str(checklist),
    }  # fmt: skip


@act(
    "lead",
    tier=Tier.CRITICAL,
    duties="IR-L3-2",
    says="leads this as a complex investigation: {because}",
    title="Lead as complex",
)
def lead_as_complex(
    investigation: Investigation,
    by: Person,
    *,
    because: Annotated[str, Field(label="What makes it complex?", help="In a sentence.")],
) -> Outcome:
    """Lead it yourself: several causes, or more than one part of the system, are in it."""
    must.be_open(investigation)
    if investigation.complex and investigation.owner_id == by.pk:
        raise CannotBeDone("You lead it already.")
    investigation.complex, investigation.owner = True, by
    investigation.complex_because = must.be_said(
        because, 500, field="because", what="Say what makes it complex."
    )
    investigation.save(update_fields=["complex", "complex_because", "owner"])
    return {}


@act(
    "investigate",
    duties="IR-L2-2",
    says="took it on from {before}: {why}",
    title="Take it on",
)
def take_on(
    investigation: Investigation, by: Person, *, why: Annotated[str, Field(label="Why")]
) -> Outcome:
    """Own it from now on, because its owner cannot go on."""
    must.be_open(investigation)
    before = investigation.owner
    if before.pk == by.pk:
        raise CannotBeDone("It is yours already.")
    if investigation.complex:
        raise CannotBeDone("A complex one is led.", hint="“Lead as complex” takes it on.")
    must.be_said(why, 500, field="why", what="Say why, for whoever had it.")
    investigation.owner = by
    investigation.save(update_fields=["owner"])
    return {"before": str(before)}


@act(
    "investigate",
    duties="IR-L2-2",
    shows="MO-L2-3",
    says="closed the investigation: {conclusion}",
    title="Close",
)
def close(
    investigation: Investigation,
    by: Person,
    *,
    conclusion: Investigation.Conclusion,
    answer: Annotated[str, Field(long=True, label="What was found out?")],
) -> Outcome:
    """Answer the question. Every step of the protocol is ticked before, or left with a reason."""
    must.be_open(investigation)
    if by.pk != investigation.owner_id:
        raise CannotBeDone(f"{investigation.owner} owns it and closes it.", hint="Or take it on.")
    if len(answer.split()) < 3:
        raise CannotBeDone("Say what was found out.", field="answer", hint="A sentence or two.")
    _must_follow_from(investigation, conclusion)
    if steps := sum(not step.settled for step in investigation.steps.all()):
        raise CannotBeDone(
            f"{steps} steps of the protocol are neither ticked nor left.",
            hint="Tick each with what you found, or leave it with a reason.",
        )
    if part := investigation.parts.filter(state=Part.State.TAKEN).first():
        raise CannotBeDone(f"{part.by} works on a part: {part}.", hint="Finish or drop it first.")
    investigation.state, investigation.closed_at = Investigation.State.CLOSED, clock.now()
    investigation.conclusion, investigation.answer = conclusion.value, answer.strip()
    investigation.save(update_fields=["state", "closed_at", "conclusion", "answer"])
    return {"shows": _worked_along(investigation)}


def _must_follow_from(investigation: Investigation, conclusion: Conclusion) -> None:
    states = set(investigation.hypotheses.values_list("state", flat=True))
    if not states:
        raise CannotBeDone("No hypothesis was put to the test.", hint="Propose one first.")
    if conclusion is Conclusion.UNDECIDED:
        return
    if Hypothesis.State.OPEN in states:
        raise CannotBeDone(
            "A hypothesis is neither supported nor ruled out.",
            field="conclusion", hint="Settle it, or conclude that it stays undecided.",
        )  # fmt: skip
    supported = Hypothesis.State.SUPPORTED in states
    if supported != (conclusion is Conclusion.CONFIRMED):
        raise CannotBeDone(
            "A hypothesis is supported." if supported else "Every hypothesis is ruled out.",
            field="conclusion", hint="Conclude what follows from the hypotheses.",
        )  # fmt: skip


def _worked_along(investigation: Investigation) -> list[Show]:
    """Who joined an investigation of another's, added findings and finished a part."""
    if investigation.area != Area.MONITORING or len(together.contributors(investigation)) < 2:
        return []
    joined = together.finders(investigation) & together.finishers(investigation)
    people = Person.objects.filter(pk__in=joined - {investigation.owner_id})
    return [
        Show("MO-L2-3", person, on=investigation, witness=investigation.owner)
        for person in people.order_by("pk")
    ]


@act(
    "review",
    shows="IR-L2-2",
    says="read the closed investigation and followed it: {word}",
    title="Confirm that you followed it",
    moves=False,
)
def confirm_reading(
    investigation: Investigation,
    by: Person,
    *,
    word: Annotated[str, Field(label="In a line", help="What convinced you?")],
) -> Outcome:
    """Say that you read it and could follow from what was found to what is concluded."""
    if investigation.is_open:
        raise CannotBeDone("It is still open.", hint="Add what you know as a finding.")
    if by.pk == investigation.owner_id:
        raise CannotBeDone("Somebody else reads it.")
    if investigation.read_by is not None:
        raise CannotBeDone(f"{investigation.read_by} read it already.")
    must.be_said(word, 500, field="word", what="Say in a line what convinced you.")
    investigation.read_by, investigation.read_at = by, clock.now()
    investigation.save(update_fields=["read_by", "read_at"])
    return {"shows": _found_out_alone(investigation, by)}


def _found_out_alone(investigation: Investigation, reader: Person) -> list[Show]:
    """Its owner went along the whole protocol to a decided end, and needed nobody's go-ahead.

    Whoever took it on from somebody else has not gone the steps that the other one ticked.
    """
    decided = investigation.conclusion in (Conclusion.CONFIRMED, Conclusion.RULED_OUT)
    owner, steps = investigation.owner, list(investigation.steps.all())
    along = bool(steps) and all(step.ticked and step.by_id == owner.pk for step in steps)
    if investigation.area != Area.INCIDENT_RESPONSE or not (decided and along):
        return []
    if not together.went_alone(investigation, owner):
        return []
    return [Show("IR-L2-2", owner, on=investigation, witness=reader)]


@act("investigate", says="reopened the investigation: {why}", title="Reopen")
def reopen(investigation: Investigation, by: Person, *, why: Long) -> Outcome:
    """Something came up that the conclusion does not explain."""
    if investigation.is_open:
        raise CannotBeDone("It is open.")
    must.be_said(why, 1000, field="why", what="Say what came up.")
    investigation.state, investigation.conclusion = Investigation.State.OPEN, ""
    investigation.closed_at = investigation.read_by = investigation.read_at = None
    investigation.confirmed_by = investigation.confirmed_at = None
    investigation.save()
    return {}

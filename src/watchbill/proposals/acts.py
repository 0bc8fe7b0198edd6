"""What people do with proposals: suggest, take a position, decide, say what carries it out."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.acts.shown import Show
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import House, Person
from watchbill.people.subject import Subject, UnknownSubject, find
from watchbill.practice.about import area_of
from watchbill.proposals.models import Position, Proposal

Kind = Proposal.Kind
State = Proposal.State
WATCHING = (Kind.MONITOR.value, Kind.CHART.value)  # what a suggestion about monitoring is of
CARRIERS = ("practice.improvement", "standards.standard", "standards.standardversion",
            "maintenance.change")  # fmt: skip
MOST_LINKS = 20
AREAS = [(area.value, area.title) for area in Area]


def area_given(on: Any, given: Given) -> str:
    """The area named; else monitoring for monitors and charts, else that of what it is about."""
    if given.get("area") in dict(AREAS):
        return str(given["area"])
    return Area.MONITORING.value if given.get("kind") in WATCHING else area_of(on, {})


@act(
    "suggest",
    area=area_given,
    duties="MO-L1-4",
    says="suggested “{title}”",
    title="Suggest something",
)
def propose(
    on: Subject,  # the house, a component, a standard, a runbook, an alert, a rule ...
    by: Person,
    *,
    kind: Kind,
    title: str,
    text: Annotated[str, Field(long=True, label="What, and what it makes better")],
    area: Annotated[str, Field(choices=lambda on: AREAS, help="Empty: as what it is about.")] = "",
    query: Annotated[str, Field(help="PromQL of the chart that shows it.")] = "",
    minutes: Annotated[int, Field(label="Minutes that the chart shows")] = 0,
) -> Outcome:
    """Suggest another process, monitor, chart, procedure or standard. Everybody may."""
    if not 0 < len(title.strip()) <= 200:
        raise CannotBeDone("It needs a title of at most 200 characters.", field="title")
    if not text.strip():
        raise CannotBeDone("Say what you suggest and why.", field="text")
    if area and area not in dict(AREAS):
        raise CannotBeDone("There is no such area.", field="area", hint=", ".join(dict(AREAS)))
    if not 0 <= minutes <= 60 * 24 * 31:
        raise CannotBeDone("A chart shows up to 31 days.", field="minutes")
    if isinstance(on, Proposal):
        raise CannotBeDone("Take a position on it instead, for another way.", field="on")
    proposal = Proposal.objects.create(
        about=on.ref, area=area_given(on, {"area": area, "kind": kind}), kind=kind,
        title=title.strip(), text=text.strip(), query=query.strip(), minutes=minutes, by=by,
    )  # fmt: skip
    return {"ref": proposal.ref, "url": proposal.get_absolute_url()}


@act(
    "suggest",
    duties="IR-L3-4",
    says="took a position on “{on}”: {stance}",
    title="Take a position",
)
def take_position(
    proposal: Proposal,
    by: Person,
    *,
    stance: Position.Stance,
    text: Annotated[str, Field(long=True, label="What you hold, and what it rests on")],
    links: Annotated[
        tuple[str, ...],
        Field(
            label="Incidents, changes, alerts that it rests on",
            help="One reference on each line, such as incidents.incident:42.",
        ),
    ] = (),
    charts: Annotated[
        tuple[str, ...], Field(label="Charts that show it", help="One PromQL query on each line.")
    ] = (),
) -> Outcome:
    """Say what you hold of it, with what it rests on. It stays as you wrote it."""
    _must_be_open(proposal)
    if not text.strip():
        raise CannotBeDone("It is empty.", field="text", hint="Two sentences are enough.")
    if max(len(links), len(charts)) > MOST_LINKS:
        raise CannotBeDone(f"At most {MOST_LINKS}: name those that say most.", field="links")
    refs = _found(links)
    position = Position.objects.create(
        proposal=proposal, by=by, level=by.level(proposal.area), stance=stance, text=text.strip(),
        links=refs, charts=[chart.strip() for chart in charts if chart.strip()],
    )  # fmt: skip
    return {"refs": refs, "position": position.pk}


def _positions(on: Any) -> list[tuple[str, str]]:
    taken = on.positions.select_related("by").order_by("level", "pk")
    return [(str(position.pk), str(position)) for position in taken]


@act(
    "lead",
    tier=Tier.ROUTINE,
    shows="MO-L1-4 IR-L3-4",
    says="decided “{on}”: {decision}. {why}",
    title="Decide",
)
def decide(
    proposal: Proposal,
    by: Person,
    *,
    decision: Literal["accepted", "declined"],
    why: Annotated[str, Field(long=True, help="What weighed most. Also for a declined one.")],
    cites: Annotated[
        tuple[int, ...], Field(label="Positions that it rests on", choices=_positions)
    ] = (),
) -> Outcome:
    """Decide it with a reason, and name the positions that the decision rests on."""
    _must_be_open(proposal)
    if proposal.by_id == by.pk:
        raise CannotBeDone("Somebody else decides what you proposed.", hint="Ask a senior.")
    if not why.strip():
        raise CannotBeDone("A decision needs a reason.", field="why")
    taken = {position.pk: position for position in proposal.positions.select_related("by")}
    if unknown := set(cites) - set(taken):
        raise CannotBeDone(
            f"No such position on it: {', '.join(map(str, sorted(unknown)))}.", field="cites"
        )
    cited = [taken[number] for number in sorted(set(cites))]
    proposal.positions.filter(pk__in=[position.pk for position in cited]).update(cited=True)
    proposal.state, proposal.reason = State(decision), why.strip()
    proposal.decided_by, proposal.decided_at = by, clock.now()
    proposal.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    return {"cited": [position.pk for position in cited], "shows": _shown(proposal, by, cited)}


def _shown(proposal: Proposal, by: Person, cited: Sequence[Position]) -> list[Show]:
    """A suggestion for monitoring that was decided; cited positions that rest on incidents."""
    if proposal.area == Area.MONITORING and proposal.kind in WATCHING:
        return [Show("MO-L1-4", proposal.by, on=proposal, witness=by)]
    if proposal.area != Area.INCIDENT_RESPONSE or proposal.kind != Kind.PROCESS:
        return []
    authors = {p.by_id: p.by for p in cited if p.rests_on_incidents and p.by_id != by.pk}
    return [Show("IR-L3-4", author, on=proposal, witness=by) for author in authors.values()]


@act("note", says="said that {what} carries “{on}” out", title="Link what carries it out")
def carry_out(
    proposal: Proposal,
    by: Person,
    *,
    carrier: Annotated[
        str,
        Field(label="By", help="such as practice.improvement:3 or standards.standard:2"),
    ],
) -> Outcome:
    """Say which improvement, standard or change carries an accepted proposal out."""
    if proposal.state != State.ACCEPTED:
        raise CannotBeDone("Only what was accepted is carried out.")
    found = find(_found([carrier], field="carrier")[0])
    if found._meta.label_lower not in CARRIERS:
        raise CannotBeDone(
            "An improvement, a standard or a change carries it out.", field="carrier"
        )
    proposal.carried_by = found.ref
    proposal.save(update_fields=["carried_by"])
    return {"what": str(found), "ref": found.ref}


def _found(links: Sequence[str], *, field: str = "links") -> list[str]:
    """The references as the things themselves give them. Raises CannotBeDone."""
    refs: list[str] = []
    for link in links:
        try:
            subject = find(link.strip())
        except UnknownSubject as error:
            raise CannotBeDone(
                f"{link!r} leads nowhere: {error}.",
                field=field,
                hint="Such as incidents.incident:42",
            ) from None
        if isinstance(subject, (Person, House)):
            raise CannotBeDone("Link to what happened or is run, not to people.", field=field)
        refs.append(subject.ref)
    return list(dict.fromkeys(refs))


def _must_be_open(proposal: Proposal) -> None:
    if proposal.state != State.OPEN:
        raise CannotBeDone(f"It is {proposal.state} already.", hint="Propose anew what is new.")

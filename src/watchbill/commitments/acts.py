"""What people do with commitments: make, answer, negotiate anew, close, confirm."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.acts.shown import Show
from watchbill.catalog.models import Component
from watchbill.commitments.models import AREAS, Commitment, EarlierTerms
from watchbill.commitments.monitors import in_force
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.people.models import Person, Team
from watchbill.people.subject import Subject, UnknownSubject, find
from watchbill.practice.models import Review
from watchbill.practice.somebody import Somebody, named

State = Commitment.State
Comparison = Commitment.Comparison
Answer = Literal["go", "no-go"]


def _teams(on: Any) -> list[tuple[str, str]]:
    return [(team.slug, team.name) for team in Team.objects.order_by("name")]


def _dependents(on: Any) -> list[tuple[str, str]]:
    return [(team.slug, team.name) for team in dependent_teams(on)]


def _area(on: Any, given: Given) -> str:
    known = AREAS.get(on._meta.label_lower)
    return known.value if known else Area.INCIDENT_RESPONSE.value


def _own(on: Any, person: Person) -> bool:
    return bool(on.by_id == person.pk)


What = Annotated[str, Field(long=True, label="Who does what", help="Both sides, in plain words.")]


@act(
    "engage",
    area=_area,
    duties="IR-L4-3 MO-L4-2",
    says="committed with {with_whom}: {what}",
    title="Agree with another team",
)
def make(
    on: Subject,  # an incident, or a component; for a change see agree_update
    by: Person,
    *,
    what: What,
    due: Annotated[datetime, Field(label="By when")],
    team: Annotated[str, Field(label="With the team", choices=_teams)] = "",
    stakeholder: Annotated[str, Field(label="Or with somebody outside", help="Their name.")] = "",
    speaker: Annotated[Somebody, Field(label="Who speaks for them here")] = "",
    query: Annotated[str, Field(help="On a component: PromQL of the objective or monitor.")] = "",
    comparison: Literal["", "<=", ">="] = "",
    threshold: float | None = None,
) -> Outcome:
    """Offer another team, or somebody outside, who does what by when. They acknowledge it."""
    label = on._meta.label_lower
    if label not in AREAS:
        raise CannotBeDone("It is about an incident, a component or a change.", field="on")
    if label == "maintenance.change":
        raise CannotBeDone(
            "An update is agreed with all teams that depend on it.", field="on",
            hint="Use “Agree with dependent teams”.",
        )  # fmt: skip
    other, voice = _other_side(by, team, stakeholder, speaker)
    _terms(what, due)
    shared = isinstance(on, Component)
    if shared and not query.strip():
        raise CannotBeDone(
            "On a component, say what is measured.", field="query",
            hint="The PromQL of the shared objective or of the dependency's monitor.",
        )  # fmt: skip
    if (threshold is None) != (not comparison):
        raise CannotBeDone("A threshold needs “at most” or “at least”.", field="comparison")
    made = Commitment.objects.create(
        about=on.ref, by=by, team=other, stakeholder="" if other else stakeholder.strip(),
        speaker=voice, what=what.strip(), due=clock.zoned(due), query=query.strip(),
        comparison=comparison, threshold=threshold,
    )  # fmt: skip
    return {"ref": made.ref, "url": made.get_absolute_url(), "with_whom": made.other_side}


@act(
    "engage",
    area=Area.MAINTENANCE,
    duties="MA-L4-2",
    says="offered {with_whom} the order and windows of “{on}”",
    title="Agree with dependent teams",
)
def agree_update(
    on: Subject,  # a change
    by: Person,
    *,
    what: Annotated[str, Field(long=True, label="Order and windows", help="Who goes when.")],
    due: Annotated[datetime, Field(label="Answer by")],
    teams: Annotated[
        tuple[str, ...],
        Field(choices=_dependents, help="None chosen: all that own what depends on it."),
    ] = (),
) -> Outcome:
    """Offer each team that depends on it the order and windows: go or no-go from each."""
    if on._meta.label_lower != "maintenance.change":
        raise CannotBeDone("Only a change is agreed like this.", field="on")
    if not getattr(on, "to_come", False):
        raise CannotBeDone("It has begun: the windows are agreed before.")
    _terms(what, due)
    chosen = _chosen(on, by, teams)
    asked = set(agreements(on).values_list("team_id", flat=True))
    rest = [team for team in chosen if team.pk not in asked]
    if not rest:
        raise CannotBeDone(
            "Each of these teams was asked already.", field="teams", hint="Negotiate anew with it."
        )
    made = [
        Commitment.objects.create(about=on.ref, by=by, team=team, what=what.strip(),
                                  due=clock.zoned(due))
        for team in rest
    ]  # fmt: skip
    return {"refs": [one.ref for one in made], "with_whom": ", ".join(t.name for t in rest)}


@act(
    "review",
    duties="",
    shows="IR-L4-3 MO-L4-2",
    says="answered “{on}”: {answer}",
    title="Acknowledge",
    moves=True,
)
def acknowledge(
    commitment: Commitment,
    by: Person,
    *,
    answer: Annotated[Answer, Field(help="go: as offered; no-go: not like this.")],
    why: Annotated[str, Field(long=True, help="For a no-go: what would have to change.")] = "",
) -> Outcome:
    """Answer for the other side: go, or no-go with what would have to change."""
    if why_not := commitment.why_not_of_other_side(by):
        raise CannotBeDone(why_not)
    if commitment.state != State.OFFERED:
        raise CannotBeDone(
            f"It is {commitment.get_state_display().lower()} already.",
            hint="Who made it negotiates it anew.",
        )
    if answer == "no-go" and not why.strip():
        raise CannotBeDone("A no-go needs a reason: what would have to change?", field="why")
    commitment.state = State.AGREED if answer == "go" else State.REFUSED
    commitment.answer, commitment.answered_by = why.strip()[:1000], by
    commitment.answered_at = clock.now()
    commitment.save(update_fields=["state", "answer", "answered_by", "answered_at"])
    return {"shows": _shown_by_answer(commitment, by) if answer == "go" else []}


def _shown_by_answer(commitment: Commitment, by: Person) -> list[Show]:
    """Terms negotiated anew and acknowledged; a monitor that is in force when both agree on it."""
    agreed = commitment.earlier.filter(state=State.AGREED)  # after a no-go it is agreed only now
    if commitment.area == Area.INCIDENT_RESPONSE and agreed.exists():
        return [Show("IR-L4-3", commitment.by, on=commitment, witness=by)]
    if commitment.area == Area.MONITORING and _monitored(commitment):
        return [Show("MO-L4-2", commitment.by, on=commitment, witness=by)]
    return []


@act(
    "engage",
    own=_own,
    duties="IR-L4-3 MO-L4-2 MA-L4-2",
    says="negotiated “{on}” anew: {why}",
    title="Negotiate anew",
)
def renegotiate(
    commitment: Commitment,
    by: Person,
    *,
    what: What,
    due: Annotated[datetime, Field(label="By when")],
    why: Annotated[str, Field(help="What has changed.")],
) -> Outcome:
    """Offer other terms. The earlier ones stay, and the other side acknowledges anew."""
    if commitment.is_closed:
        raise CannotBeDone("It is closed.", hint="Make another one.")
    _terms(what, due)
    if not why.strip():
        raise CannotBeDone("Say what has changed.", field="why")
    if not commitment.why_not_of_other_side(by):
        raise CannotBeDone("You speak for the other side.", hint="Answer with a no-go instead.")
    EarlierTerms.objects.create(
        commitment=commitment, what=commitment.what, due=commitment.due, state=commitment.state,
        answered_by=commitment.answered_by, answer=commitment.answer, replaced_by=by,
        why=why.strip()[:1000],
    )  # fmt: skip
    commitment.what, commitment.due, commitment.state = (
        what.strip(),
        clock.zoned(due),
        State.OFFERED,
    )
    commitment.renegotiated, commitment.answer = True, ""
    commitment.answered_by = commitment.answered_at = None
    commitment.save()
    return {}


@act(
    "engage",
    own=_own,
    says="closed “{on}” as {result}: {outcome}",
    title="Close",
)
def close(
    commitment: Commitment,
    by: Person,
    *,
    result: Literal["kept", "not-kept"],
    outcome: Annotated[str, Field(long=True, label="What came of it")],
) -> Outcome:
    """Say whether it was kept and what came of it. The other side then confirms."""
    if commitment.state != State.AGREED:
        raise CannotBeDone(
            f"It is {commitment.get_state_display().lower()}.",
            hint="What the other side never agreed to cannot be kept.",
        )
    if not outcome.strip():
        raise CannotBeDone("Say what came of it.", field="outcome")
    commitment.state, commitment.outcome = State(result), outcome.strip()
    commitment.closed_by, commitment.closed_at = by, clock.now()
    commitment.save(update_fields=["state", "outcome", "closed_by", "closed_at"])
    return {}


@act(
    "review",
    shows="IR-L4-3 MO-L4-2 MA-L4-2",
    says="confirmed how “{on}” went: {word}",
    title="Confirm how it went",
    moves=True,
)
def confirm_outcome(
    commitment: Commitment,
    by: Person,
    *,
    word: Annotated[str, Field(label="How it went, from your side")],
    surprise: Annotated[str, Field(long=True, help="What nobody expected, if anything.")] = "",
    review: Annotated[
        str, Field(label="Review of the surprise", help="such as practice.review:3")
    ] = "",
) -> Outcome:
    """Say for the other side how it went: without surprise, or what the surprise was."""
    if why_not := commitment.why_not_of_other_side(by):
        raise CannotBeDone(why_not)
    if commitment.confirmed_by_id:
        raise CannotBeDone("It was confirmed already.")
    if not 0 < len(word.strip()) <= 1000:
        raise CannotBeDone("Say it in 1 to 1000 characters.", field="word")
    shows = _shown_by_outcome(commitment, by)
    if surprise.strip():
        commitment.review = _review_of(commitment, review)
    commitment.surprise, commitment.confirmation = surprise.strip(), word.strip()
    commitment.confirmed_by, commitment.confirmed_at = by, clock.now()
    commitment.save()
    return {"shows": shows}


def _shown_by_outcome(commitment: Commitment, by: Person) -> list[Show]:
    """What the other side's word completes. Raises CannotBeDone while it is too early for it."""
    matter = commitment.matter
    if commitment.area == Area.MAINTENANCE:
        if getattr(matter, "state", "") != "closed":
            raise CannotBeDone("The update is not closed yet.")
        if not commitment.answered_by_id:
            raise CannotBeDone("It was never answered.")
        if not all_agreed(matter):
            return []
        return [Show("MA-L4-2", commitment.by, on=matter, witness=by)]
    if commitment.area == Area.MONITORING:
        if commitment.state not in (State.AGREED, State.KEPT):
            raise CannotBeDone("Both sides have not agreed on it.")
        if not _monitored(commitment):
            raise CannotBeDone(
                "No rule or chart with its query is in force.",
                hint=f"Set a chart on {matter}, or write a rule, with: {commitment.query}",
            )
        return [Show("MO-L4-2", commitment.by, on=commitment, witness=by)]
    if not commitment.is_closed:
        raise CannotBeDone("It is not closed yet.", hint="Who made it says what came of it first.")
    if commitment.state != State.KEPT:
        return []
    return [Show("IR-L4-3", commitment.by, on=commitment, witness=by)]


def agreements(change: Subject) -> Any:
    """The commitments about a change, one a team."""
    return Commitment.objects.filter(about=change.ref)


def all_agreed(change: Subject) -> bool:
    """Each team that was asked said go, and each that depends on it was asked."""
    found = list(agreements(change).select_related("team"))
    told = {one.team_id for one in found}
    depends = {team.pk for team in dependent_teams(change)}
    agreed = (State.AGREED, *Commitment.CLOSED)
    return bool(found) and depends <= told and all(one.state in agreed for one in found)


def dependent_teams(change: Any) -> list[Team]:
    """The teams that own what depends on a change's component, without its own team.

    Nobody depends on what is no change: the form of an act is also opened on other things.
    """
    if (component := getattr(change, "component", None)) is None:
        return []
    owners = component.dependents.exclude(owner=component.owner_id).values("owner")
    return list(Team.objects.filter(pk__in=owners).order_by("name"))


def _chosen(change: Subject, by: Person, slugs: Iterable[str]) -> list[Team]:
    wanted = set(slugs)
    if not wanted:
        found = dependent_teams(change)
        if not found:
            raise CannotBeDone(
                "No other team owns what depends on it.", field="teams",
                hint="Name the teams, or say on their components what they depend on.",
            )  # fmt: skip
    else:
        found = list(Team.objects.filter(slug__in=wanted).order_by("name"))
        if lost := wanted - {team.slug for team in found}:
            raise CannotBeDone(
                f"There is no team {', '.join(sorted(lost))}.", field="teams",
                hint="The other side is a team of this house.",
            )  # fmt: skip
    for team in found:
        _must_not_be_mine(team, by, field="teams")
    return found


def _other_side(
    by: Person, team: str, stakeholder: str, speaker: str
) -> tuple[Team | None, Person | None]:
    if bool(team) == bool(stakeholder.strip()):
        raise CannotBeDone(
            "A commitment without the other side is none.", field="team",
            hint="Name a team, or somebody outside with who speaks for them here. One of both.",
        )  # fmt: skip
    if team:
        found = Team.objects.filter(slug=team).first()
        if found is None:
            raise CannotBeDone(f"There is no team {team!r}.", field="team")
        _must_not_be_mine(found, by, field="team")
        return found, None
    if len(stakeholder.strip()) > 100:
        raise CannotBeDone("A name has at most 100 characters.", field="stakeholder")
    if not speaker:
        raise CannotBeDone(
            "Somebody here must speak for them: they acknowledge it.", field="speaker"
        )
    voice = named(speaker, field="speaker")
    if voice.pk == by.pk:
        raise CannotBeDone("You cannot speak for both sides.", field="speaker")
    return None, voice


def _must_not_be_mine(team: Team, by: Person, *, field: str) -> None:
    members = set(team.members.values_list("pk", flat=True))
    if by.pk in members:
        raise CannotBeDone(f"{team.name} is your own team.", field=field, hint="Name the other.")
    if not members:
        raise CannotBeDone(f"Nobody is in {team.name} to answer.", field=field)


def _terms(what: str, due: datetime) -> None:
    if not what.strip():
        raise CannotBeDone("Say who does what.", field="what")
    if clock.zoned(due) <= clock.now():
        raise CannotBeDone("That is past.", field="due")


def _monitored(commitment: Commitment) -> bool:
    matter = commitment.matter
    return isinstance(matter, Component) and in_force(commitment.query, matter)


def _review_of(commitment: Commitment, ref: str) -> str:
    """The review that a surprise needs. Raises CannotBeDone."""
    try:
        found = find(ref) if ref else None
    except UnknownSubject as error:
        raise CannotBeDone(f"There is no such review: {error}.", field="review") from None
    if not isinstance(found, Review) or found.about not in (commitment.about, commitment.ref):
        raise CannotBeDone(
            "A surprise is looked back on: name the review about it.", field="review",
            hint=f"Open one on {commitment.about}, then confirm.",
        )  # fmt: skip
    return found.ref

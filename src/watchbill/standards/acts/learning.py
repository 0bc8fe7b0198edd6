"""Sharing a standard: the session held on it, and its report accepted by leads of components."""

from datetime import datetime
from typing import Annotated, Any

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.catalog.leads import why_not_lead
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.people.models import Person
from watchbill.practice.somebody import named
from watchbill.standards.acts.keeping import components
from watchbill.standards.models import Acceptance, Result, Session, StandardVersion

State = StandardVersion.State


def _people(on: Any) -> list[tuple[str, str]]:
    found = Person.objects.humans().order_by("name", "username")
    return [(person.username, str(person)) for person in found]


@act(
    "standard",
    duties="MO-L4-3",
    says="held a session on “{on}” with {with_whom}",
    title="Note a session that was held",
)
def hold_session(
    version: StandardVersion,
    by: Person,
    *,
    at: Annotated[datetime, Field(label="When it was")],
    participants: Annotated[tuple[str, ...], Field(label="Who took part", choices=_people)],
    notes: Annotated[str, Field(long=True, help="What was asked, what stays open.")] = "",
) -> Outcome:
    """Note when people came together to learn what it says and why, and who took part."""
    _must_be_in_force(version)
    moment = clock.zoned(at)
    if moment > clock.now():
        raise CannotBeDone("It has not been held yet.", field="at")
    others = {
        person.pk: person
        for person in (named(one, field="participants") for one in participants)
        if person.pk != by.pk
    }
    if not others:
        raise CannotBeDone("Knowledge is shared with others: who took part?", field="participants")
    session = Session.objects.create(of=version, held_by=by, at=moment, notes=notes.strip())
    session.participants.set(others.values())
    return {"with_whom": ", ".join(str(person) for person in others.values())[:300]}


@act(
    "review",
    shows="MO-L4-3 MA-L4-3",
    says="accepted the report of “{on}” for {whom}: {word}",
    title="Accept the report",
    moves=True,
)
def accept_report(
    version: StandardVersion,
    by: Person,
    *,
    component: Annotated[str, Field(label="For the component", choices=components)],
    word: Annotated[str, Field(label="What you take from it", help="What will be done about it.")],
) -> Outcome:
    """Say, as a lead of a component, that its report is right and what you take from it."""
    _must_be_in_force(version)
    found = Component.objects.select_related("owner").filter(slug=component).first()
    if found is None:
        raise CannotBeDone(f"There is no component {component!r}.", field="component")
    if why_not := why_not_lead(by, found):
        raise CannotBeDone(why_not, field="component")
    if by.pk == version.in_force_by_id:
        raise CannotBeDone("You put it in force: another lead accepts the report.")
    results = Result.objects.filter(check_of__of=version, check_of__dropped=False)
    if not results.filter(component=found).exists():
        raise CannotBeDone(
            f"It says nothing about {found} yet.", hint="Checks run every five minutes."
        )
    before = version.acceptances.filter(component=found, by=by).count()
    if before > version.sessions.count():  # once, and anew after a session: what it changed is said
        raise CannotBeDone(f"You accepted it for {found} already.")
    if not 0 < len(word.strip()) <= 1000:
        raise CannotBeDone("Say it in 1 to 1000 characters.", field="word")
    Acceptance.objects.create(of=version, component=found, by=by, word=word.strip())
    shows: list[Show] = []
    if version.area == Area.MAINTENANCE:
        shows = _shown("MA-L4-3", version, by)
    elif version.area == Area.MONITORING and _session_was_held(version):
        shows = _shown("MO-L4-3", version, by)
    return {"refs": [found.ref], "whom": str(found), "shows": shows}


def _session_was_held(version: StandardVersion) -> bool:
    """By who put it in force."""
    return version.sessions.filter(held_by=version.in_force_by_id).exists()


def _shown(duty: str, version: StandardVersion, witness: Person) -> list[Show]:
    person = version.in_force_by
    return [Show(duty, person, on=version, witness=witness)] if person else []


def _must_be_in_force(version: StandardVersion) -> None:
    if version.state != State.IN_FORCE:
        raise CannotBeDone(f"It is {version.get_state_display().lower()}, not in force.")

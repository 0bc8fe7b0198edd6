"""An incident, an investigation of it, and short ways to what is done in it."""

from collections.abc import Callable

import pytest

from watchbill.catalog.models import Component
from watchbill.incidents import acts as incidents
from watchbill.incidents.models import Incident
from watchbill.investigations import acts
from watchbill.investigations.models import Finding, Hypothesis, Investigation
from watchbill.people.models import House, Person, Team
from watchbill.people.subject import Subject

Open = Callable[..., Investigation]


@pytest.fixture
def shop(team: Team, house: House) -> Component:
    return Component.objects.create(slug="shop", name="Shop", owner=team)


@pytest.fixture
def incident(shop: Component, jun: Person) -> Incident:
    incidents.declare.perform(jun, shop, title="The shop is slow", severity="sev1")
    return Incident.objects.get()


@pytest.fixture
def opens(ann: Person, shop: Component) -> Open:
    """`opens(on, by)`: an investigation of `shop` by the associate, or of something by another."""

    def opens(on: Subject = shop, by: Person = ann, **given: str) -> Investigation:
        given.setdefault("title", "Why is it slow?")
        entry = acts.open_investigation.perform(by, on, **given)
        return Investigation.objects.get(pk=str(entry.came_of_it["ref"]).partition(":")[2])

    return opens


@pytest.fixture
def case(opens: Open, incident: Incident) -> Investigation:
    """Of the incident, owned by the associate."""
    return opens(incident)


@pytest.fixture
def cause(case: Investigation, ann: Person) -> Hypothesis:
    acts.propose.perform(ann, case, text="The pool is too small")
    return Hypothesis.objects.get()


def supported(cause: Hypothesis, by: Person) -> None:
    """Its owner tests it and holds it to be supported."""
    acts.test_hypothesis.perform(by, cause, expected="full", saw="full", says="supports")
    acts.settle_hypothesis.perform(by, cause, verdict="supported", because="It is full.")


def ticked(case: Investigation, by: Person) -> None:
    """Every step that is to go is ticked."""
    for step in case.steps.filter(by=None):
        acts.tick_step.perform(by, case, step=step.position, found="Looked at.")


def found(case: Investigation | Hypothesis, by: Person, **given: object) -> Finding:
    """A finding of `by`."""
    acts.add_finding.perform(by, case, **{"text": "The pool was full", **given})  # type: ignore[arg-type]
    return Finding.objects.latest("pk")

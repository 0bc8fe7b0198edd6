"""Breaking the example system for real, mending it, and how it is set up for visitors."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.demo.faults import FAULTS
from watchbill.demo.models import Order, Scene
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people import example
from watchbill.people.models import House, Person
from watchbill.web.live import publish

FaultName = Annotated[
    str, Field(choices=lambda house: [(fault.name, fault.description) for fault in FAULTS.values()])
]


@act(
    "observe",
    area=Area.INCIDENT_RESPONSE,
    tier=Tier.ROUTINE,
    says="broke the example system: {fault}",
    title="Break it",
)
def break_it(house: House, by: Person, *, fault: FaultName) -> Outcome:
    """Inject a real fault into the example system. Everybody may; that is what it is for."""
    return _order(Order.Word.INJECT, fault, by)


@act(
    "observe",
    area=Area.INCIDENT_RESPONSE,
    tier=Tier.ROUTINE,
    says="mended the example system: {fault}",
    title="Mend it",
)
def mend_it(house: House, by: Person, *, fault: FaultName) -> Outcome:
    """Undo a fault of the example system without a runbook."""
    return _order(Order.Word.HEAL, fault, by)


@act(
    "observe",
    area=Area.INCIDENT_RESPONSE,
    tier=Tier.ROUTINE,
    says="started the example over",
    title="Start over",
    effect=lambda house, given: [
        "every fault is mended",
        "incidents of example people are resolved and closed; their seats end",
        "runs of example people are halted; what they ask for is taken back",
        "the tour begins anew; everything stays on the ledger",
    ],
)
def start_over(house: House, by: Person) -> Outcome:
    """Bring the example back to where a visitor begins. Nothing is deleted."""
    scene = _scene()
    scene.begun_at, scene.without_tour = clock.now(), []
    scene.save()
    return _order(Order.Word.START_OVER, "", by)


@act(
    "observe",
    area=Area.INCIDENT_RESPONSE,
    tier=Tier.ROUTINE,
    says="let the example colleagues {how}",
    title="Let colleagues answer",
)
def set_colleagues(house: House, by: Person, *, answer: Literal["yes", "no"]) -> Outcome:
    """Whether example people whom nobody uses answer by themselves after some seconds."""
    scene = _scene()
    scene.colleagues = answer == "yes"
    scene.save()
    publish("demo")
    return {"how": "answer by themselves" if scene.colleagues else "be silent"}


@act(
    "observe",
    area=Area.INCIDENT_RESPONSE,
    tier=Tier.ROUTINE,
    own=lambda person, by: person.pk == by.pk,
    says="{how} the tour of the example",
    title="Tour of the example",
)
def set_tour(person: Person, by: Person, *, shown: Literal["yes", "no"]) -> Outcome:
    """Put the tour on the first page away, or show it again."""
    if person.pk != by.pk:
        raise CannotBeDone("Everybody puts their own tour away.")
    scene = _scene()
    without = set(scene.without_tour) - {person.username}
    scene.without_tour = sorted(without if shown == "yes" else without | {person.username})
    scene.save()
    return {"how": "showed" if shown == "yes" else "put away"}


def _scene() -> Scene:
    if not example.shown():
        raise CannotBeDone("The example system does not run.", hint="watchbill serve --demo")
    return Scene.objects.select_for_update().get_or_create(
        pk=1, defaults={"begun_at": datetime.fromtimestamp(0, UTC)}
    )[0]


def _order(word: Order.Word, fault: str, by: Person) -> Outcome:
    if fault not in FAULTS and word != Order.Word.START_OVER:
        raise CannotBeDone("There is no such fault.", field="fault", hint=", ".join(FAULTS))
    if not example.shown():
        raise CannotBeDone("The example system does not run.", hint="watchbill serve --demo")
    return {"order": Order.objects.create(word=word, fault=fault, by=by).pk}

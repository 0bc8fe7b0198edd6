"""Breaking the example system for real, and mending it without a runbook."""

from typing import Annotated

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.demo.faults import FAULTS
from watchbill.demo.models import Order
from watchbill.lib.levels import Area, Tier
from watchbill.people import example
from watchbill.people.models import House, Person

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


def _order(word: Order.Word, fault: str, by: Person) -> Outcome:
    if fault not in FAULTS:
        raise CannotBeDone("There is no such fault.", field="fault", hint=", ".join(FAULTS))
    if not example.shown():
        raise CannotBeDone("The example system does not run.", hint="watchbill serve --demo")
    return {"order": Order.objects.create(word=word, fault=fault, by=by).pk}

"""Seats in an incident answer no page: an alert calls on until somebody paged answers."""

from tests.paging.conftest import Fire, tick

from watchbill.incidents import acts as incidents
from watchbill.incidents.models import Incident, Seat
from watchbill.paging import acts
from watchbill.paging.models import Escalation, EscalationPolicy, Page
from watchbill.people.models import House, Person


def test_a_provisional_seat_does_not_stop_the_calling(
    policy: EscalationPolicy, fire: Fire, house: House, jun: Person, sam: Person
) -> None:
    alert = fire()
    tick(0)
    incidents.declare_from_alert.perform(jun, alert)
    incidents.join_under_instruction.perform(jun, Incident.objects.get())
    tick(5)
    assert Page.objects.filter(person=sam).exists(), "the next step was called"
    incidents.accept_learner.perform(sam, Seat.objects.get())
    assert Escalation.objects.get().state == "calling", "a learner's seat answers nothing"
    acts.acknowledge.perform(sam, Page.objects.get(person=sam))
    tick(60)
    assert Escalation.objects.get().state == "acknowledged"

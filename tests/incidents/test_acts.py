"""Declaring, seats, severity, and the way to closed: who may, and what comes of it."""

import pytest
from tests.incidents.conftest import Declare, seat

from watchbill.acts import perform, timeline
from watchbill.acts.authority import Effect, Rule
from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Entry
from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.incidents import acts
from watchbill.incidents.models import Incident, Seat, Severity
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.people.models import House, Person
from watchbill.web.models import Event

State = Entry.State


def test_anybody_declares_on_a_component(checkout: Component, jun: Person) -> None:
    entry = acts.declare.perform(jun, checkout, title=" Checkout fails ", severity=Severity.SEV2)
    made = Incident.objects.get()
    assert entry.state == State.DONE
    assert entry.says == f"declared incident {made.pk}, SEV 2: Checkout fails"
    assert (made.title, made.tier, list(made.components.all())) == (
        "Checkout fails", Tier.CRITICAL, [checkout]
    )  # fmt: skip
    assert entry in timeline.of(made)
    assert entry in timeline.of(checkout)
    assert Event.objects.filter(topic="incidents").exists()


def test_anybody_declares_while_no_component_is_known(house: House, jun: Person) -> None:
    acts.declare.perform(jun, house, title="The lights are off")
    assert not Incident.objects.get().components.exists()


def test_from_an_alert_once(alert: Alert, checkout: Component, jun: Person) -> None:
    acts.declare_from_alert.perform(jun, alert)
    made = Incident.objects.get()
    assert made.title == "Checkout fails for 12 % of requests"
    assert (list(made.alerts.all()), list(made.components.all())) == ([alert], [checkout])
    with pytest.raises(CannotBeDone, match=f"incident {made.pk} already"):
        acts.declare_from_alert.perform(jun, alert)


@pytest.mark.parametrize("title", ["", "   ", "x" * 201])
def test_a_title_that_is_none(checkout: Component, jun: Person, title: str) -> None:
    with pytest.raises(CannotBeDone) as caught:
        acts.declare.perform(jun, checkout, title=title)
    assert caught.value.field == "title"


@pytest.mark.parametrize(
    ("severity", "tier"),
    [("sev1", Tier.CRITICAL), ("sev2", Tier.CRITICAL), ("sev3", Tier.MODERATE),
     ("sev4", Tier.ROUTINE)],
)  # fmt: skip
def test_the_tier_comes_from_the_severity(declare: Declare, severity: str, tier: Tier) -> None:
    assert declare(severity=Severity(severity)).tier is tier


def test_a_responder_takes_a_seat_and_the_incident_is_investigated(
    incident: Incident, ann: Person
) -> None:
    acts.take_seat.perform(ann, incident)
    incident.refresh_from_db()
    assert incident.state == Incident.State.INVESTIGATING
    assert seat(incident, ann).role == Seat.Role.RESPONDER
    with pytest.raises(CannotBeDone, match="already"):
        acts.take_seat.perform(ann, incident)


def test_a_junior_joins_and_a_guide_accepts(
    incident: Incident, jun: Person, ann: Person, sam: Person
) -> None:
    acts.join_under_instruction.perform(jun, incident)
    learner = seat(incident, jun)
    assert learner.provisional
    assert acts.accept_learner.perform(ann, learner).state == State.ASKED  # guiding is L3's
    assert acts.accept_learner.perform(sam, learner).state == State.DONE
    learner.refresh_from_db()
    assert (learner.provisional, learner.guide) == (False, sam)


def test_the_lead_seat_carries_leading_there_and_only_there(
    declare: Declare, ann: Person, sam: Person
) -> None:
    here, elsewhere = declare(severity=Severity.SEV2), declare("Mail is slow")
    asked = acts.take_lead.perform(ann, here)
    assert asked.state == State.ASKED
    assert perform.answer(asked.pk, sam, go_ahead=True).state == State.DONE
    ann.forget()
    decision = acts.set_severity.may(ann, here)
    assert (decision.effect, decision.rule) == (Effect.DO, Rule.SEAT)
    assert acts.set_severity.may(ann, elsewhere).effect is Effect.WAIT
    acts.leave_seat.perform(ann, seat(here, ann))
    ann.forget()
    assert acts.set_severity.may(ann, here).effect is Effect.WAIT


def test_one_person_leads(incident: Incident, sam: Person, lea: Person) -> None:
    acts.take_lead.perform(sam, incident)
    with pytest.raises(CannotBeDone, match="Sam leads"):
        acts.take_lead.perform(lea, incident)


def test_the_lead_is_handed_over_when_it_is_accepted(
    incident: Incident, sam: Person, lea: Person
) -> None:
    acts.take_lead.perform(sam, incident)
    acts.hand_over.perform(sam, incident, to="lea", said="payments was rolled back")
    sam.forget()
    assert acts.resolve.may(sam, incident).rule is Rule.SEAT, "it stays until accepted"
    assert acts.accept_seat.perform(sam, seat(incident, lea)).state == State.REFUSED
    acts.accept_seat.perform(lea, seat(incident, lea))
    held = incident.seats.filter(role=Seat.Role.LEAD, until=None)
    assert [one.person for one in held] == [lea]


def test_the_lead_is_not_handed_to_somebody_who_may_not(
    incident: Incident, sam: Person, jun: Person
) -> None:
    acts.take_lead.perform(sam, incident)
    with pytest.raises(CannotBeDone, match="may not lead"):
        acts.hand_over.perform(sam, incident, to="jun")


def test_somebody_asked_in_accepts(incident: Incident, sam: Person, ann: Person) -> None:
    acts.assign_seat.perform(sam, incident, person="ann")
    assert seat(incident, ann).provisional
    acts.accept_seat.perform(ann, seat(incident, ann))
    assert not seat(incident, ann).provisional


def test_a_seat_is_left_by_who_holds_it(incident: Incident, ann: Person, lea: Person) -> None:
    acts.take_seat.perform(ann, incident)
    assert acts.leave_seat.perform(lea, seat(incident, ann)).state == State.REFUSED
    acts.leave_seat.perform(ann, seat(incident, ann))
    assert not incident.seats.filter(until=None).exists()


def test_an_update_sets_the_cadence(declare: Declare, sam: Person) -> None:
    incident = declare(severity=Severity.SEV2)
    assert incident.next_update_due == incident.declared_at + Severity.SEV2.cadence
    clock.shift(Severity.SEV2.cadence)
    acts.post_update.perform(sam, incident, text="Rolled back, errors fall.")
    incident.refresh_from_db()
    assert incident.told_at is not None
    assert incident.next_update_due == incident.told_at + Severity.SEV2.cadence


def test_notes_do_not_make_a_go_ahead_stale(incident: Incident, ann: Person, sam: Person) -> None:
    asked = acts.resolve.perform(ann, incident, what_ended_it="the rollback")
    acts.note.perform(sam, incident, text="errors are at 0.1 %")
    assert perform.answer(asked.pk, sam, go_ahead=True).state == State.DONE


def test_from_declared_to_closed(incident: Incident, sam: Person, ann: Person) -> None:
    acts.take_lead.perform(sam, incident)
    with pytest.raises(CannotBeDone, match="Only what is resolved"):
        acts.close.perform(sam, incident)
    acts.mitigate.perform(sam, incident, by_what="rollback")
    acts.resolve.perform(sam, incident, what_ended_it="errors under 0.5 % for 10 min")
    with pytest.raises(CannotBeDone, match="resolved"):
        acts.take_seat.perform(ann, incident)
    acts.close.perform(sam, incident)
    incident.refresh_from_db()
    assert (incident.state, incident.next_update_due) == (Incident.State.CLOSED, None)
    assert incident.resolved_at is not None
    assert incident.closed_at is not None
    assert not incident.seats.filter(until=None).exists()
    with pytest.raises(CannotBeDone, match="closed"):
        acts.set_severity.perform(sam, incident, severity=Severity.SEV1)
    acts.reopen.perform(sam, incident, why="it is back")
    incident.refresh_from_db()
    assert (incident.state, incident.resolved_at) == (Incident.State.INVESTIGATING, None)


def test_alerts_are_linked_with_their_components(
    house: House, alert: Alert, checkout: Component, jun: Person
) -> None:
    acts.declare.perform(jun, house, title="Something is off")
    incident = Incident.objects.get()
    acts.link_alert.perform(jun, incident, alert=alert.pk)
    assert list(incident.alerts.all()) == [alert]
    assert list(incident.components.all()) == [checkout]
    with pytest.raises(CannotBeDone, match="no such alert"):
        acts.link_alert.perform(jun, incident, alert=99)

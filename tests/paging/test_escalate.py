"""Alerts call people step by step until somebody answers or the alert ends."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.paging.conftest import MINUTE, T0, Fire, at, resolve, tick

from watchbill.acts import timeline
from watchbill.alerts.models import Change, Silence
from watchbill.catalog.models import Component
from watchbill.paging import acts, escalate, plan
from watchbill.paging.models import Coverage, Delivery, Escalation, EscalationPolicy, Page
from watchbill.people.models import ContactMethod, Person, Team


def pages() -> list[tuple[str, str]]:
    found = Page.objects.order_by("id")
    return [(page.person.username, str(page.state)) for page in found]


def test_nobody_answers(policy: EscalationPolicy, fire: Fire) -> None:
    alert = fire()
    tick(0)
    assert pages() == [("ann", "sent")]
    tick(4.9)
    assert len(pages()) == 1
    tick(5)
    assert pages() == [("ann", "escalated"), ("sam", "sent"), ("lea", "sent")]
    tick(15)
    assert {state for _, state in pages()} == {"escalated"}
    escalation = Escalation.objects.get()
    assert (escalation.state, escalation.due_at) == ("unanswered", None)
    assert [entry.says for entry in timeline.of(alert)] == [
        "paged Ann by email",
        "paged Sam by email: Ann did not answer within 5 min",
        "paged Lea by email: Ann did not answer within 5 min",
        "nobody answered: the policy Shop is at its end",
    ]


def test_rounds_repeat_all_steps(policy: EscalationPolicy, fire: Fire) -> None:
    EscalationPolicy.objects.update(rounds=2)
    fire()
    for minute in (0, 5, 15, 20, 30):
        tick(minute)
    assert [name for name, _ in pages()] == ["ann", "sam", "lea"] * 2
    assert Escalation.objects.get().state == "unanswered"


def test_acknowledged_stops_it(policy: EscalationPolicy, fire: Fire, ann: Person) -> None:
    fire()
    tick(0)
    acts.acknowledge.perform(ann, Page.objects.get())
    tick(60)
    assert pages() == [("ann", "acknowledged")]


def test_the_end_of_the_alert_stops_it(policy: EscalationPolicy, fire: Fire) -> None:
    alert = fire()
    tick(0)
    at(2)
    resolve(alert)
    tick(2)
    tick(60)
    assert pages() == [("ann", "ended")]
    assert Escalation.objects.get().ended_at == T0 + 2 * MINUTE


def test_what_ended_before_it_was_looked_at_calls_nobody(
    policy: EscalationPolicy, fire: Fire
) -> None:
    resolve(fire())
    tick(0)
    assert pages() == []
    assert not Change.objects.filter(processed_at=None).exists()


def test_an_alert_that_fires_again_calls_again(policy: EscalationPolicy, fire: Fire) -> None:
    resolve(fire())
    fire()
    tick(0)
    at(1)
    fire()  # another occurrence whose end nobody saw
    tick(1)
    assert pages() == [("ann", "ended"), ("ann", "sent")]
    assert Escalation.objects.exclude(state="ended").count() == 1


@pytest.mark.parametrize("severity", ["info", "none", "Info"])
def test_quiet_severities_call_nobody(policy: EscalationPolicy, fire: Fire, severity: str) -> None:
    fire(severity=severity)
    tick(0)
    assert pages() == []


def test_closing_the_alert_stops_it(policy: EscalationPolicy, fire: Fire) -> None:
    alert = fire()
    tick(0)
    alert.closed_at = at(1)
    alert.save()
    tick(5)
    assert pages() == [("ann", "ended")]


def quiet(sam: Person, ends: timedelta) -> Silence:
    return Silence.objects.create(
        matchers=[{"name": "alertname", "value": "Errors", "isRegex": False, "isEqual": True}],
        starts_at=T0, ends_at=T0 + ends, by=sam, comment="work",
    )  # fmt: skip


def test_a_silenced_alert_calls_when_the_silence_ends(
    policy: EscalationPolicy, fire: Fire, sam: Person
) -> None:
    quiet(sam, 30 * MINUTE)
    fire()
    for minute in range(30):
        tick(minute)
    assert pages() == []
    tick(30)
    assert pages() == [("ann", "sent")]


def test_ending_a_silence_early_counts_within_a_minute(
    policy: EscalationPolicy, fire: Fire, sam: Person
) -> None:
    silence = quiet(sam, 30 * MINUTE)
    fire()
    tick(0)
    silence.ends_at = T0 + MINUTE / 2
    silence.save()
    tick(1)
    assert pages() == [("ann", "sent")]


def test_a_silence_made_meanwhile_holds_the_next_step(
    policy: EscalationPolicy, fire: Fire, sam: Person
) -> None:
    fire()
    tick(0)
    quiet(sam, 30 * MINUTE)
    tick(5)
    assert pages() == [("ann", "sent")]


def test_a_components_own_policy(
    policy: EscalationPolicy, fire: Fire, team: Team, jun: Person,
    reach: Callable[..., ContactMethod],
) -> None:  # fmt: skip
    checkout = Component.objects.create(slug="checkout", name="Checkout", owner=team)
    own = EscalationPolicy.objects.create(slug="own", name="Own")
    plan.put(own, plan.parse("jun, wait 5 min"))
    own.save()
    Coverage.objects.create(component=checkout, policy=own)
    reach(jun)
    fire(component=checkout)
    tick(0)
    assert pages() == [("jun", "sent")]
    assert [e.kind for e in timeline.of(checkout)] == ["paging.paged"]


def test_a_plan_that_changes_does_not_disturb_what_is_under_way(
    policy: EscalationPolicy, fire: Fire, jun: Person
) -> None:
    fire()
    tick(0)
    policy.refresh_from_db()
    plan.put(policy, plan.parse("jun, wait 1 min"))
    policy.save()
    tick(5)
    assert [name for name, _ in pages()] == ["ann", "sam", "lea"]


def test_whoever_cannot_be_reached_is_not_waited_for(
    policy: EscalationPolicy, fire: Fire, ann: Person
) -> None:
    ann.contact_methods.update(removed_at=T0)
    alert = fire()
    tick(0)
    assert [name for name, _ in pages()] == ["ann", "sam", "lea"]
    assert "no way to reach Ann" in timeline.of(alert)[0].says


def test_the_address_of_the_account_serves_who_has_no_contact_method(
    policy: EscalationPolicy, fire: Fire, ann: Person
) -> None:
    ann.contact_methods.update(removed_at=T0)
    Person.objects.filter(pk=ann.pk).update(email="ann@home.example")
    fire()
    tick(0)
    assert (Delivery.objects.get().channel, Delivery.objects.get().method) == ("email", None)


def test_every_wanted_way_is_used(
    policy: EscalationPolicy, fire: Fire, ann: Person, reach: Callable[..., ContactMethod]
) -> None:
    reach(ann, "webhook", "http://hook.example")
    fire()
    tick(0)
    assert sorted(d.channel for d in Delivery.objects.all()) == ["email", "webhook"]


def test_whoever_was_told_is_told_of_the_end(policy: EscalationPolicy, fire: Fire) -> None:
    alert = fire()
    tick(0)
    Delivery.objects.update(begun_at=T0, done_at=T0, outcome="sent")
    resolve(alert)
    tick(1)
    assert [d.kind for d in Delivery.objects.order_by("id")] == ["page", "ended"]


def test_two_workers_take_a_step_once(policy: EscalationPolicy, fire: Fire) -> None:
    fire()
    at(0)
    assert (escalate.take_changes(T0), escalate.take_changes(T0)) == (1, 0)
    assert (escalate.take_steps(T0), escalate.take_steps(T0)) == (1, 0)
    assert pages() == [("ann", "sent")]


@given(
    steps=st.lists(st.integers(1, 120), min_size=1, max_size=4),
    rounds=st.integers(1, 3),
    looks=st.lists(st.integers(1, 400), min_size=1, max_size=15),
    answered=st.none() | st.integers(0, 600),
)
@settings(
    deadline=None, max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_steps_are_taken_in_order_none_early_and_none_after_the_answer(
    policy: EscalationPolicy, ann: Person, fire: Fire,
    steps: list[int], rounds: int, looks: list[int], answered: int | None,
) -> None:  # fmt: skip
    """Whenever the worker looks: a step waits its full time, and an answer ends everything."""
    for model in (Delivery, Page):
        model.objects.all().delete()
    Escalation.objects.all().delete()
    Change.objects.all().delete()
    policy.refresh_from_db()
    policy.rounds = rounds
    plan.put(policy, plan.parse("\n".join(f"ann, wait {wait} s" for wait in steps)))
    policy.save()
    at(0)
    fire()
    expected, due, second = 0, 0, 0
    total = len(steps) * rounds
    for pause in looks:
        open_pages = Page.objects.filter(state__in=escalate.OPEN)
        if answered is not None and second >= answered and open_pages.exists():
            acts.acknowledge.perform(ann, open_pages.order_by("-id")[0])
            answered, due = None, 10**9
        if second >= due and expected < total:
            due = second + steps[expected % len(steps)]
            expected += 1
        tick(second / 60)
        assert Page.objects.count() == expected
        second += pause


def put_back(minutes: float) -> None:
    assert escalate.catch_up(at(minutes)) == 1
    tick(minutes)


def test_a_clock_that_was_put_back_holds_up_no_step(policy: EscalationPolicy, fire: Fire) -> None:
    fire()
    tick(0)
    put_back(-60)
    called = sorted(name for name, _ in pages())
    assert called == ["ann", "lea", "sam"]  # early rather than an hour late
    tick(-55)
    assert Escalation.objects.get().state == "calling"
    tick(-50)
    assert Escalation.objects.get().state == "unanswered"


def test_an_alert_that_was_not_looked_at_yet_is_taken_up_by_a_clock_put_back(
    policy: EscalationPolicy, fire: Fire
) -> None:
    fire()
    escalate.take_changes(T0)
    put_back(-60)
    assert pages() == [("ann", "sent")]


def test_a_silence_is_looked_at_in_turn_with_a_clock_put_back(
    policy: EscalationPolicy, fire: Fire, ann: Person
) -> None:
    fire()
    tick(0)
    Silence.objects.create(
        matchers=[{"name": "alertname", "value": "Errors", "isRegex": False, "isEqual": True}],
        starts_at=T0 - 100 * MINUTE, ends_at=T0 + 100 * MINUTE, by=ann, comment="quiet",
    )  # fmt: skip
    put_back(-60)
    assert escalate.catch_up(at(-60)) == 0  # it does not look again and again
    assert len(pages()) == 1

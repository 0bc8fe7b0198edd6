"""Work begun unasked: from what was seen, before an incident, measured; and its confirmation."""

from datetime import timedelta

import pytest
from tests.practice.conftest import Propose
from tests.practice.test_acts import next_week
from tests.practice.test_verify import one

from watchbill.acts.authority import Effect
from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.incidents import acts as incidents
from watchbill.lib import clock
from watchbill.monitoring.models import Report
from watchbill.people.models import House, Person
from watchbill.practice import acts, verify
from watchbill.practice.models import Improvement, Review, ReviewEntry
from watchbill.practice.reads import to_confirm

SEEN = {"effect": Improvement.Effect.AS_EXPECTED, "seen": "Half of it is free."}


def prevention(**other):
    return {
        "title": "Move the old orders", "expected": "Half is free", "measure": "free",
        "due": next_week(), "trend": "", **other,
    }  # fmt: skip


def alert_on(component: Component | None) -> Alert:
    return Alert.objects.create(
        fingerprint="f", name="Disk", component=component, state=Alert.State.FIRING,
        starts_at=clock.now(),
    )  # fmt: skip


def test_it_begins_from_an_alert_a_report_or_a_trend(
    shop: Component, sam: Person, jun: Person, house: House, review: Review
) -> None:
    now = clock.now()
    report = Report.objects.create(
        by=jun, component=shop, what="Slow", level=1, start=now - timedelta(hours=1), end=now
    )
    for on in (alert_on(shop), report):
        acts.initiate_prevention.perform(sam, on, **prevention())
    acts.initiate_prevention.perform(sam, shop, **prevention(trend="deriv(free[1h])"))
    work = Improvement.objects.latest("pk")
    assert (work.state, work.owner, work.area, work.aim) == (
        "accepted", sam, "monitoring", "prevention",
    )  # fmt: skip
    with pytest.raises(CannotBeDone, match="Which trend"):
        acts.initiate_prevention.perform(sam, shop, **prevention())
    for on in (house, review):
        with pytest.raises(CannotBeDone, match="begins from"):
            acts.initiate_prevention.perform(sam, on, **prevention())


def test_not_once_there_is_an_incident(shop: Component, sam: Person, jun: Person) -> None:
    alert = alert_on(None)
    incidents.declare_from_alert.perform(jun, alert, title="Disk is full")
    with pytest.raises(CannotBeDone, match=r"Incident \d+ is open"):
        acts.initiate_prevention.perform(sam, alert, **prevention())
    fine = prevention(trend="deriv(free[1h])")
    acts.initiate_prevention.perform(sam, shop, **fine)
    incidents.declare.perform(jun, shop, title="Slow")
    with pytest.raises(CannotBeDone, match="Slow"):
        acts.initiate_prevention.perform(sam, shop, **fine)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"title": " "}, "title"), ({"expected": " "}, "will be better"),
        ({"measure": " "}, "will be measured"), ({"measure": "x" * 1001}, "1000 characters"),
    ],
)  # fmt: skip
def test_it_says_what_and_how_it_is_measured(
    shop: Component, sam: Person, given: dict[str, str], what: str
) -> None:
    with pytest.raises(CannotBeDone, match=what):
        acts.initiate_prevention.perform(sam, shop, **prevention(trend="up", **given))


def test_the_date_leaves_time(shop: Component, sam: Person) -> None:
    with pytest.raises(CannotBeDone, match="not in the future"):
        acts.initiate_prevention.perform(
            sam, shop, **prevention(trend="up", due=clock.now().date())
        )


def test_at_a_critical_component_a_second_person_confirms(shop: Component, sam: Person) -> None:
    shop.stakes = 2
    shop.save()
    for on in (shop, alert_on(shop)):
        assert acts.initiate_prevention.may(sam, on).effect is Effect.SECOND
    assert acts.initiate_enhancement.may(sam, shop).effect is Effect.SECOND


@pytest.fixture
def begun(shop: Component, sam: Person) -> Improvement:
    acts.initiate_enhancement.perform(
        sam, shop, title="Reuse connections", aim="performance", expected="Half the time",
        measure="latency", due=next_week(),
    )  # fmt: skip
    return Improvement.objects.latest("pk")


def test_before_after_and_on_the_due_date(begun: Improvement, sam: Person, lea: Person) -> None:
    with pytest.raises(CannotBeDone, match="before the work is not read"):
        acts.complete_improvement.perform(sam, begun, outcome="Done.")
    acts.set_measure.perform(sam, begun, measure="max(latency)")
    assert verify.tick(clock.now(), one(4)) == 1
    with pytest.raises(CannotBeDone, match="read already"):
        acts.set_measure.perform(sam, begun, measure="min(latency)")
    acts.complete_improvement.perform(sam, begun, outcome="In service.")
    with pytest.raises(CannotBeDone, match="after the work is not read"):
        acts.confirm_effect.perform(lea, begun, **SEEN)
    clock.shift(timedelta(days=1))
    assert verify.tick(clock.now(), one(2)) == 1
    with pytest.raises(CannotBeDone, match="on the due date is not read"):
        acts.confirm_effect.perform(lea, begun, **SEEN)
    assert to_confirm(lea) == []
    clock.shift(timedelta(days=6))
    assert verify.tick(clock.now(), one(3)) == 1
    assert verify.tick(clock.now(), one(9)) == 0, "once"
    begun.refresh_from_db()
    assert (begun.before, begun.after, begun.reread) == (4, 2, 3)
    assert begun.reread_at is not None
    assert to_confirm(lea) == [begun]
    assert to_confirm(sam) == []


def test_what_is_late_is_read_on_the_day_all_the_same(begun: Improvement, sam: Person) -> None:
    verify.tick(clock.now(), one(4))
    clock.shift(timedelta(days=8))
    assert verify.tick(clock.now(), one(4)) == 1
    begun.refresh_from_db()
    assert (begun.state, begun.reread, begun.after) == ("accepted", 4, None)


def test_no_effect_counts_for_who_began_it(begun: Improvement, sam: Person, lea: Person) -> None:
    Improvement.objects.update(before=4, after=4, reread=4)
    with pytest.raises(CannotBeDone, match="not done yet"):
        acts.confirm_effect.perform(lea, begun, **SEEN)
    acts.complete_improvement.perform(sam, begun, outcome="In service.")
    with pytest.raises(CannotBeDone, match="1 to 500"):
        acts.confirm_effect.perform(lea, begun, effect=Improvement.Effect.NONE, seen=" ")
    acts.confirm_effect.perform(lea, begun, effect=Improvement.Effect.NONE, seen="Still four.")
    shown = Shown.objects.get()
    assert (shown.duty, shown.person, shown.witness) == ("MA-L3-3", sam, lea)
    with pytest.raises(CannotBeDone, match="confirmed it already"):
        acts.confirm_effect.perform(lea, begun, **SEEN)


def test_of_a_review_only_who_took_part_confirms(
    propose: Propose, review: Review, sam: Person, ann: Person, jun: Person, lea: Person
) -> None:
    work = propose()
    acts.accept_improvement.perform(sam, work, owner="ann", due=next_week(), systemic=True)
    acts.complete_improvement.perform(ann, work, outcome="Limited.")
    with pytest.raises(CannotBeDone, match="not published yet"):
        acts.confirm_effect.perform(jun, work, **SEEN)
    acts.publish_review.perform(sam, review, findings="Retries had no limit.", audience="All")
    for who, what in ((ann, "other than its owner"), (sam, "led the review"), (lea, "took part")):
        with pytest.raises(CannotBeDone, match=what):
            acts.confirm_effect.perform(who, work, **SEEN)
    acts.add_entry.may(jun, review)
    acts.confirm_effect.perform(jun, work, **SEEN)
    assert not Shown.objects.exists(), "the review was one of maintenance"


def test_other_work_is_confirmed_by_a_senior(shop: Component, sam: Person, ann: Person) -> None:
    acts.propose_improvement.perform(sam, shop, title="Tidy", expected="Less")
    work = Improvement.objects.latest("pk")
    acts.accept_improvement.perform(sam, work, owner="ann", due=next_week())
    acts.complete_improvement.perform(ann, work, outcome="Tidied.")
    with pytest.raises(CannotBeDone, match="You proposed it"):
        acts.confirm_effect.perform(sam, work, **SEEN)


@pytest.mark.parametrize(
    ("systemic", "audience", "effect", "shown"),
    [
        (True, "All", "partly", True), (False, "All", "as-expected", False),
        (True, "", "as-expected", False), (True, "All", "none", False),
    ],
)  # fmt: skip
def test_leading_is_shown_by_what_holds_and_was_shared(
    shop: Component, sam: Person, jun: Person, ann: Person,
    systemic: bool, audience: str, effect: str, shown: bool,
) -> None:  # fmt: skip
    incidents.declare.perform(jun, shop, title="Slow", severity="sev4")
    incident = shop.incidents.get()
    acts.open_review.perform(sam, incident)
    review = Review.objects.get()
    acts.add_entry.perform(jun, review, kind=ReviewEntry.Kind.ANALYSIS, text="Retries.")
    acts.propose_improvement.perform(jun, review, title="Limit", expected="Less")
    work = Improvement.objects.get()
    acts.accept_improvement.perform(sam, work, owner="ann", due=next_week(), systemic=systemic)
    assert not Shown.objects.exists(), "accepted without a reason"
    acts.publish_review.perform(sam, review, findings="Retries had no limit.", audience=audience)
    acts.complete_improvement.perform(ann, work, outcome="Limited.")
    assert to_confirm(jun) == [Improvement.objects.get()]
    acts.confirm_effect.perform(
        jun, work, effect=Improvement.Effect(effect), seen="Looked at the week."
    )
    assert Shown.objects.filter(duty="IR-L3-5", person=sam, witness=jun).exists() is shown

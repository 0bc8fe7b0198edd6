"""Commitments: two sides, terms that are answered, negotiated anew, kept and confirmed."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from watchbill.acts.authority import Effect, Rule
from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.alerts.models import Rule as AlertRule
from watchbill.alerts.models import RuleFile, RuleGroup
from watchbill.catalog.models import Component
from watchbill.commitments import acts, monitors, reads
from watchbill.commitments.models import Commitment
from watchbill.home.needs import needs_of
from watchbill.incidents.models import Incident
from watchbill.lib import clock
from watchbill.maintenance.models import Change
from watchbill.people.models import House, Person, Team
from watchbill.practice import acts as practice
from watchbill.practice.models import Review

State = Commitment.State


def later(hours: int = 1) -> datetime:
    return clock.now() + timedelta(hours=hours)


def shown() -> list[tuple[str, str, str]]:
    rows = Shown.objects.order_by("pk")
    return list(rows.values_list("duty", "person__username", "witness__username"))


@pytest.fixture
def platform(make_person) -> Team:
    """The other team, with `pat` in it."""
    team = Team.objects.create(slug="platform", name="Platform")
    team.members.add(make_person("pat", 2))
    return team


@pytest.fixture
def pat(platform: Team) -> Person:
    return Person.objects.get(username="pat")


@pytest.fixture
def shop(team: Team, house: House) -> Component:
    return Component.objects.create(slug="shop", name="Shop", owner=team)


@pytest.fixture
def incident(shop: Component, sam: Person) -> Incident:
    found = Incident.objects.create(title="Slow", severity="sev2", declared_by=sam)
    found.components.add(shop)
    return found


@pytest.fixture
def change(shop: Component, platform: Team, sam: Person) -> Change:
    gateway = Component.objects.create(slug="gateway", name="Gateway", owner=platform)
    gateway.depends_on.add(shop)
    return Change.objects.create(title="5.0", component=shop, kind="update", planned_by=sam)


def made(by: Person, on: Any, **given: Any) -> Commitment:
    terms = {"what": "They wait for us.", "due": later(), "team": "platform"}
    acts.make.perform(by, on, **terms | given)
    return Commitment.objects.latest("pk")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"team": ""}, "team"),
        ({"stakeholder": "The bank"}, "team"),
        ({"team": "", "stakeholder": "The bank"}, "speaker"),
        ({"team": "", "stakeholder": "The bank", "speaker": "lea"}, "speaker"),
        ({"team": "", "stakeholder": "x" * 101, "speaker": "sam"}, "stakeholder"),
        ({"team": "nobody"}, "team"),
        ({"team": "shop"}, "team"),
        ({"what": " "}, "what"),
        ({"due": datetime(2020, 1, 1)}, "due"),
        ({"threshold": 1.0}, "comparison"),
        ({"comparison": "<="}, "comparison"),
    ],
)
def test_there_are_two_sides_and_terms(
    lea: Person, sam: Person, incident: Incident, platform: Team, given: dict, field: str
) -> None:
    with pytest.raises(CannotBeDone) as error:
        made(lea, incident, **given)  # nobody is in the team called shop
    assert error.value.field == field


def test_ones_own_team_is_not_the_other_side(lea: Person, incident: Incident, team: Team) -> None:
    team.members.add(lea)
    with pytest.raises(CannotBeDone, match="your own team"):
        made(lea, incident, team="shop")


def test_what_it_may_be_about(
    lea: Person, house: House, change: Change, shop: Component, platform: Team
) -> None:
    with pytest.raises(CannotBeDone, match="an incident, a component or a change"):
        made(lea, house)
    with pytest.raises(CannotBeDone, match="all teams that depend"):
        made(lea, change)
    with pytest.raises(CannotBeDone, match="what is measured"):
        made(lea, shop)


def test_the_lead_of_an_incident_engages_whatever_their_level(
    ann: Person, sam: Person, incident: Incident, platform: Team
) -> None:
    assert acts.make.may(ann, incident).effect is Effect.REFUSE
    assert acts.make.may(sam, incident).effect is Effect.WAIT
    incident.seats.create(person=ann, role="lead")
    ann.forget()
    decision = acts.make.may(ann, incident)
    assert (decision.effect, decision.rule) == (Effect.DO, Rule.SEAT)


def test_somebody_outside_is_spoken_for(
    lea: Person, sam: Person, ann: Person, incident: Incident
) -> None:
    one = made(lea, incident, team="", stakeholder="The bank", speaker="sam")
    assert (one.other_side, one.area, one.tier) == ("The bank", "incident-response", incident.tier)
    for person in (lea, ann):
        with pytest.raises(CannotBeDone):
            acts.acknowledge.perform(person, one, answer="go")
    acts.acknowledge.perform(sam, one, answer="go")
    one.refresh_from_db()
    assert (one.state, one.answered_by) == (State.AGREED, sam)
    assert "on behalf of The bank" in reads.sentence(one)


def test_a_no_go_says_what_would_have_to_change(
    lea: Person, pat: Person, incident: Incident
) -> None:
    one = made(lea, incident)
    assert list(reads.waiting_for(pat)) == [one]
    assert "Lea asks Platform: go or no-go?" in [need.title for need in needs_of(pat)]
    with pytest.raises(CannotBeDone, match="reason"):
        acts.acknowledge.perform(pat, one, answer="no-go")
    acts.acknowledge.perform(pat, one, answer="no-go", why="Not before noon.")
    one.refresh_from_db()
    assert (one.state, list(reads.waiting_for(pat))) == (State.REFUSED, [])
    with pytest.raises(CannotBeDone, match="refused already"):
        acts.acknowledge.perform(pat, one, answer="go")
    with pytest.raises(CannotBeDone, match="refused"):
        acts.close.perform(lea, one, result="kept", outcome="x")


def test_terms_negotiated_anew_are_acknowledged_anew(
    lea: Person, pat: Person, sam: Person, incident: Incident
) -> None:
    one = made(lea, incident)
    acts.acknowledge.perform(pat, one, answer="no-go", why="Not before noon.")
    with pytest.raises(CannotBeDone, match="what has changed"):
        acts.renegotiate.perform(lea, one, what="At noon.", due=later(5), why=" ")
    acts.renegotiate.perform(lea, one, what="At noon.", due=later(5), why="They batch till then.")
    one.refresh_from_db()
    assert (one.state, one.what, one.answered_by) == (State.OFFERED, "At noon.", None)
    old = one.earlier.get()
    assert (old.what, old.state, old.answer) == ("They wait for us.", "refused", "Not before noon.")
    assert shown() == []
    acts.acknowledge.perform(pat, one, answer="go")
    assert shown() == [], "after a no-go it is agreed for the first time"
    acts.renegotiate.perform(lea, one, what="At one.", due=later(5), why="They need an hour.")
    acts.acknowledge.perform(pat, one, answer="go")
    assert shown() == [("IR-L4-3", "lea", "pat")]
    assert acts.renegotiate.may(sam, one).effect is Effect.WAIT, "somebody who did not make it"


def test_terms_nobody_had_answered_are_only_corrected(
    lea: Person, pat: Person, incident: Incident
) -> None:
    one = made(lea, incident)
    acts.renegotiate.perform(lea, one, what="They wait.", due=later(2), why="A word too much.")
    acts.acknowledge.perform(pat, one, answer="go")
    assert shown() == []


def test_the_other_side_does_not_rewrite_the_terms(lea, make_person, platform, incident) -> None:
    other = make_person("other", 4)
    platform.members.add(other)
    one = made(lea, incident)
    with pytest.raises(CannotBeDone, match="other side"):
        acts.renegotiate.perform(other, one, what="Never.", due=later(2), why="We like that more.")


def test_kept_is_what_the_other_side_confirms(lea, pat, incident) -> None:
    one = made(lea, incident)
    acts.acknowledge.perform(pat, one, answer="go")
    with pytest.raises(CannotBeDone, match="not closed yet"):
        acts.confirm_outcome.perform(pat, one, word="Fine.")
    with pytest.raises(CannotBeDone, match="what came of it"):
        acts.close.perform(lea, one, result="kept", outcome=" ")
    acts.close.perform(lea, one, result="not-kept", outcome="It broke again.")
    with pytest.raises(CannotBeDone, match="You made it"):
        acts.confirm_outcome.perform(lea, one, word="Fine.")
    with pytest.raises(CannotBeDone, match="1 to 1000"):
        acts.confirm_outcome.perform(pat, one, word=" ")
    acts.confirm_outcome.perform(pat, one, word="It did.")
    assert shown() == [], "it was not kept"
    with pytest.raises(CannotBeDone, match="confirmed already"):
        acts.confirm_outcome.perform(pat, one, word="It did.")
    one.refresh_from_db()
    with pytest.raises(CannotBeDone, match="closed"):
        acts.renegotiate.perform(lea, one, what="Again.", due=later(), why="Once more.")


def test_a_surprise_is_looked_back_on(lea, sam, pat, incident) -> None:
    one = made(lea, incident)
    acts.acknowledge.perform(pat, one, answer="go")
    acts.close.perform(lea, one, result="kept", outcome="It held.")
    for ref in ("", "practice.review:9", one.ref):
        with pytest.raises(CannotBeDone) as error:
            acts.confirm_outcome.perform(pat, one, word="Yes.", surprise="Two at once.", review=ref)
        assert error.value.field == "review"
    practice.open_review.perform(sam, incident)
    ref = Review.objects.get().ref
    acts.confirm_outcome.perform(pat, one, word="Yes.", surprise="Two at once.", review=ref)
    one.refresh_from_db()
    assert (one.review, one.surprise) == (ref, "Two at once.")
    assert shown() == [("IR-L4-3", "lea", "pat")]


def test_a_monitor_in_force_completes_it_with_the_answer(lea, pat, shop) -> None:
    shop.charts = [{"title": "Limits", "query": "sum( limits )", "unit": ""}]
    shop.save()
    one = made(lea, shop, query="sum(limits)", comparison=">=", threshold=2.0)
    assert one.objective == "sum(limits) >= 2"
    with pytest.raises(CannotBeDone, match="have not agreed"):
        acts.confirm_outcome.perform(pat, one, word="Fine.")
    acts.acknowledge.perform(pat, one, answer="go")
    assert shown() == [("MO-L4-2", "lea", "pat")]


def test_rules_in_force_are_monitors(shop: Component) -> None:
    file = RuleFile.objects.create(path="limits.yml")
    group = RuleGroup.objects.create(file=file, name="g", interval=60, next_at=clock.now())
    rule = AlertRule.objects.create(
        group=group, key="k", position=0, line=1, name="Limits", expr="sum(limits) > 0.5",
        health="ok",
    )  # fmt: skip
    assert monitors.in_force("sum(limits)", shop)
    assert monitors.in_force("sum(limits)  >0.5", shop)
    assert not monitors.in_force("sum(other)", shop)
    assert not monitors.in_force(" ", shop)
    rule.health = "error"
    rule.save()
    assert not monitors.in_force("sum(limits)", shop), "it cannot be evaluated"


def test_an_update_is_agreed_with_each_team_that_depends(lea, pat, sam, change, platform) -> None:
    acts.agree_update.perform(lea, change, what="At ten.", due=later())
    one = Commitment.objects.get()
    assert (one.team, one.area) == (platform, "maintenance")
    with pytest.raises(CannotBeDone, match="asked already"):
        acts.agree_update.perform(lea, change, what="At ten.", due=later())
    acts.acknowledge.perform(pat, one, answer="go")
    data = Team.objects.create(slug="data", name="Data")
    data.members.add(sam)
    acts.agree_update.perform(lea, change, what="At ten.", due=later(), teams=("data",))
    other = Commitment.objects.get(team=data)
    assert not acts.all_agreed(change)
    assert reads.agreed(list(reads.about(change))) == "1 of 2 said go"
    acts.acknowledge.perform(sam, other, answer="no-go", why="Month end.")
    assert reads.agreed(list(reads.about(change))) == "a team said no-go"

    Change.objects.update(state="closed")
    acts.confirm_outcome.perform(pat, one, word="Quiet.")
    assert shown() == [], "one team had said no-go"


def test_an_update_that_has_begun_or_harms_nobody(lea, change, platform) -> None:
    with pytest.raises(CannotBeDone, match="no team"):
        acts.agree_update.perform(lea, change, what="At ten.", due=later(), teams=("moon",))
    with pytest.raises(CannotBeDone, match="Only a change"):
        acts.agree_update.perform(lea, change.component, what="At ten.", due=later())
    Change.objects.update(state="under-way")
    with pytest.raises(CannotBeDone, match="has begun"):
        acts.agree_update.perform(lea, change, what="At ten.", due=later())
    alone = Component.objects.create(slug="alone", name="Alone", owner=platform)
    Change.objects.update(state="planned", component=alone)
    with pytest.raises(CannotBeDone, match="No other team"):
        acts.agree_update.perform(lea, change, what="At ten.", due=later())


def test_the_list_by_area(lea, pat, incident, shop, platform) -> None:
    made(lea, incident)
    made(lea, shop, query="up")
    assert [one.about for one in reads.commitments(area="monitoring")] == [shop.ref]
    assert reads.commitments(state="kept").count() == 0
    assert reads.commitments(area="kitchen", state="asleep").count() == 2
    clock.shift(timedelta(days=1))
    assert "past its time" in reads.sentence(Commitment.objects.earliest("pk"))

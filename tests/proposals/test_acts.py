"""Proposals: everybody suggests and argues, somebody else decides with a reason."""

import pytest

from watchbill.acts import timeline
from watchbill.acts.authority import Effect
from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.catalog.models import Component
from watchbill.people.models import House, Person, Team
from watchbill.practice import acts as practice
from watchbill.practice.models import Improvement
from watchbill.proposals import acts, reads
from watchbill.proposals.models import Position, Proposal

Kind = Proposal.Kind
Stance = Position.Stance


@pytest.fixture
def shop(team: Team, house: House) -> Component:
    return Component.objects.create(slug="shop", name="Shop", owner=team)


@pytest.fixture
def proposal(jun: Person, house: House) -> Proposal:
    acts.propose.perform(
        jun, house, kind=Kind.PROCESS, area="incident-response", title="Two leads", text="At night."
    )
    return Proposal.objects.get()


def shown() -> list[tuple[str, str]]:
    return list(Shown.objects.order_by("pk").values_list("duty", "person__username"))


def test_the_area_follows_from_what_is_suggested(jun: Person, shop: Component) -> None:
    for kind, area in ((Kind.CHART, "monitoring"), (Kind.PROCEDURE, "maintenance")):
        entry = acts.propose.perform(jun, shop, kind=kind, title="Better", text="It would help.")
        assert (Proposal.objects.latest("pk").area, entry.area) == (area, area)
    assert timeline.of(shop).count() == 2


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"text": " "}, "text"),
        ({"area": "kitchen"}, "area"),
        ({"minutes": -1}, "minutes"),
        ({"minutes": 10**6}, "minutes"),
    ],
)
def test_what_cannot_be_suggested(jun: Person, house: House, given: dict, field: str) -> None:
    with pytest.raises(CannotBeDone) as error:
        acts.propose.perform(
            jun, house, **{"kind": Kind.PROCESS, "title": "T", "text": "x"} | given
        )
    assert error.value.field == field


def test_a_proposal_about_a_proposal_is_a_position(jun: Person, proposal: Proposal) -> None:
    with pytest.raises(CannotBeDone, match="Take a position"):
        acts.propose.perform(jun, proposal, kind=Kind.PROCESS, title="T", text="x")


def test_juniors_are_heard_first(
    proposal: Proposal, jun: Person, ann: Person, sam: Person, shop: Component
) -> None:
    for person in (sam, ann, jun):
        acts.take_position.perform(
            person, proposal, stance=Stance.FOR, text="Yes.", links=("catalog.component:shop",)
        )
    found = reads.arguments(proposal)
    assert [one.position.by for one in found] == [jun, ann, sam]
    assert found[0].links == [("Shop", shop.get_absolute_url())]
    assert timeline.of(shop).count() == 3, "each position is shown where it rests on"


@pytest.mark.parametrize("link", ["incidents.incident:99", "nonsense", "people.person:jun"])
def test_links_lead_to_what_happened(proposal: Proposal, jun: Person, link: str) -> None:
    with pytest.raises(CannotBeDone) as error:
        acts.take_position.perform(jun, proposal, stance=Stance.FOR, text="Yes.", links=(link,))
    assert error.value.field == "links"


def test_an_empty_position_or_one_with_everything(proposal: Proposal, jun: Person) -> None:
    with pytest.raises(CannotBeDone, match="empty"):
        acts.take_position.perform(jun, proposal, stance=Stance.FOR, text=" ")
    with pytest.raises(CannotBeDone, match="At most 20"):
        acts.take_position.perform(jun, proposal, stance=Stance.FOR, text="x", charts=("up",) * 21)


def test_who_decides(proposal: Proposal, jun: Person, ann: Person, sam: Person) -> None:
    effects = [acts.decide.may(person, proposal).effect for person in (jun, ann, sam)]
    assert effects == [Effect.REFUSE, Effect.WAIT, Effect.DO]


def test_a_decision_has_a_reason_and_cites_what_is_there(proposal: Proposal, sam: Person) -> None:
    with pytest.raises(CannotBeDone, match="reason"):
        acts.decide.perform(sam, proposal, decision="accepted", why=" ")
    with pytest.raises(CannotBeDone, match="No such position"):
        acts.decide.perform(sam, proposal, decision="accepted", why="Yes.", cites=(7,))


def test_nobody_decides_their_own(house: House, sam: Person) -> None:
    acts.propose.perform(sam, house, kind=Kind.PROCESS, title="T", text="x")
    with pytest.raises(CannotBeDone, match="Somebody else"):
        acts.decide.perform(sam, Proposal.objects.get(), decision="accepted", why="I like it.")


def test_a_decided_one_stays_decided(proposal: Proposal, jun: Person, sam: Person) -> None:
    acts.decide.perform(sam, proposal, decision="declined", why="It was tried.")
    proposal.refresh_from_db()
    with pytest.raises(CannotBeDone, match="declined already"):
        acts.decide.perform(sam, proposal, decision="accepted", why="Yes.")
    with pytest.raises(CannotBeDone, match="declined already"):
        acts.take_position.perform(jun, proposal, stance=Stance.FOR, text="But why?")
    with pytest.raises(CannotBeDone, match="accepted"):
        acts.carry_out.perform(jun, proposal, carrier="practice.improvement:1")
    assert shown() == [], "a process is no suggestion for monitoring, and nothing was cited"


def test_a_monitor_is_shown_and_a_process_of_monitoring_is_not(
    jun: Person, sam: Person, house: House
) -> None:
    for kind in (Kind.MONITOR, Kind.PROCESS):
        acts.propose.perform(jun, house, kind=kind, area="monitoring", title="T", text="x")
        latest = Proposal.objects.latest("pk")
        acts.decide.perform(sam, latest, decision="declined", why="Not now.")
    assert shown() == [("MO-L1-4", "jun")]


def test_who_cites_themselves_shows_nothing(
    proposal: Proposal, sam: Person, shop: Component
) -> None:
    Position.objects.create(
        proposal=proposal, by=sam, level=3, stance="for", text="x", links=["incidents.incident:1"]
    )
    cites = (Position.objects.get().pk,)
    acts.decide.perform(sam, proposal, decision="accepted", why="I said so.", cites=cites)
    assert shown() == []


def test_what_carries_it_out(proposal: Proposal, jun: Person, sam: Person) -> None:
    acts.decide.perform(sam, proposal, decision="accepted", why="Yes.")
    proposal.refresh_from_db()
    practice.propose_improvement.perform(jun, proposal, title="Two leads", expected="Sleep.")
    work = Improvement.objects.get()
    with pytest.raises(CannotBeDone, match="improvement, a standard or a change"):
        acts.carry_out.perform(jun, proposal, carrier=proposal.ref)
    acts.carry_out.perform(jun, proposal, carrier=work.ref)
    proposal.refresh_from_db()
    assert proposal.carried_by == work.ref
    assert work in proposal.thread()


def test_the_list(proposal: Proposal, jun: Person, sam: Person, house: House) -> None:
    acts.propose.perform(jun, house, kind=Kind.CHART, title="Queue", text="x")
    acts.decide.perform(sam, Proposal.objects.latest("pk"), decision="accepted", why="Yes.")
    assert [one.title for one in reads.proposals()] == ["Two leads", "Queue"]
    assert [one.title for one in reads.proposals(area="monitoring")] == ["Queue"]
    assert [one.title for one in reads.proposals(state="open")] == ["Two leads"]
    assert reads.proposals(area="kitchen", state="asleep").count() == 2

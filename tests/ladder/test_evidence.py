"""Evidence falls out of the ledger: for the actor, for the guide, once per object."""

import pytest

from watchbill.accounts.acts import place
from watchbill.acts.acts import void
from watchbill.acts.kinds import Act, Outcome, act
from watchbill.acts.perform import answer
from watchbill.acts.registry import KINDS
from watchbill.catalog.models import Component
from watchbill.ladder import adopt, evidence, reads
from watchbill.ladder.acts import adopt_ladder, draft_ladder
from watchbill.lib.levels import Area
from watchbill.people.models import House, Person, Team

pytestmark = pytest.mark.django_db


@pytest.fixture
def polish():
    def polish(component: Component, by: Person) -> Outcome:
        """Polish it."""
        return {}

    polish.__module__ = "watchbill.test"
    yield act("change", duties="MA-L1-2 IR-L1-3", says="polished {on}")(polish)
    del KINDS["test.polish"]


@pytest.fixture
def shop(team: Team, house: House) -> Component:
    return Component.objects.create(slug="shop", name="Shop", owner=team)


def test_a_guided_act_is_evidence_for_both(
    polish: Act, shop: Component, jun: Person, ann: Person
) -> None:
    done = answer(polish.perform(jun, shop).pk, ann, go_ahead=True)
    (item,) = evidence.of(jun)["MA-L1-2"]
    assert (item.entry, item.witness) == (done, ann)
    assert "IR-L1-3" not in evidence.of(jun)  # it was maintenance, not incident response
    (guiding,) = evidence.of(ann)["MA-L3-4"]
    assert guiding.witness == jun


def test_once_per_object_and_not_when_voided(polish: Act, shop: Component, ann: Person) -> None:
    polish.perform(ann, shop)
    last = polish.perform(ann, shop)
    assert [item.entry for item in evidence.of(ann)["MA-L1-2"]] == [last]
    void.perform(ann, last, why="wrong")
    assert len(evidence.of(ann)["MA-L1-2"]) == 1


def test_asked_and_refused_are_not_evidence(polish: Act, shop: Component, jun: Person) -> None:
    polish.perform(jun, shop)
    assert evidence.of(jun) == {}


def test_the_matrix_marks_where_somebody_stands(make_person, lea: Person) -> None:
    who = make_person("kim", 1, monitoring=3)
    mine = {(cell.where.ours, cell.level) for cell in reads.matrix(who).mine}
    assert mine == {
        (Area.INCIDENT_RESPONSE, 1), (Area.MONITORING, 3), (Area.MAINTENANCE, 1),
    }  # fmt: skip
    place.perform(lea, who, area="maintenance", level=2, reason="two duties signed")
    who.forget()
    assert (Area.MAINTENANCE, 2) in {(c.where.ours, c.level) for c in reads.matrix(who).mine}


def test_another_ladder_is_drafted_looked_at_and_adopted(make_person) -> None:
    owner = make_person("own", 4, owner=True)
    text = adopt.default_text().replace("predefined steps", "written steps")
    entry = draft_ladder.perform(owner, House.get(), text=text)
    draft = adopt.Ladder.objects.get(pk=entry.came_of_it["ref"].partition(":")[2])
    assert adopt.in_force() != draft
    changes = reads.differences(draft)
    assert [new.key for _, new in changes["reworded"]] == ["IR-L1-3"]
    assert (len(changes["same"]), changes["new"], changes["dropped"]) == (50, [], [])
    adopt_ladder.perform(owner, draft)
    assert adopt.in_force() == draft


def test_what_was_done_last_agrees_with_the_list(
    polish: Act, shop: Component, team: Team, jun: Person, ann: Person
) -> None:
    other = Component.objects.create(slug="other", name="Other", owner=team)
    for component in (shop, other, shop):
        answer(polish.perform(jun, component).pk, ann, go_ahead=True)
    polish.perform(ann, shop)
    void.perform(ann, polish.perform(ann, other), why="wrong")
    for person in (jun, ann):
        listed, last = evidence.of(person), evidence.practised(person)
        assert {duty: items[0] for duty, items in listed.items()} == {
            duty: practice.last for duty, practice in last.items()
        }
    assert len(evidence.of(jun)["MA-L1-2"]) == 2
    assert evidence.practised(ann).keys() == {"MA-L1-2", "MA-L3-4"}

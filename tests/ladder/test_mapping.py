"""Another organisation's ladder: other areas, five levels; mapped, previewed, adopted, and back."""

from pathlib import Path

import pytest
from django.test import Client

from watchbill.acts.given import CannotBeDone
from watchbill.incidents import acts as incidents
from watchbill.incidents.models import Incident
from watchbill.ladder import adopt, document
from watchbill.ladder.acts import adopt_ladder, ask_for_raise, draft_ladder, map_ladder, sign_duty
from watchbill.ladder.mapping import MappingError, kept, read
from watchbill.ladder.models import Ladder
from watchbill.ladder.reads import matrix, what_becomes
from watchbill.people.models import House, Person, Standing

pytestmark = pytest.mark.django_db
HERE = Path(__file__).parent
OURS = adopt.default_text()
FOREIGN = (HERE / "five_levels.md").read_text()
MAPPED = """
Running services -> maintenance: 1=1 2=2 3=3 4=3 5=4
Craft -> nothing
RS-L1-2 -> runbooks.run_step incidents.note
"""


@pytest.fixture
def owner(make_person) -> Person:
    return make_person("own", 4, owner=True)


@pytest.fixture
def draft(owner: Person) -> Ladder:
    made = draft_ladder.perform(owner, House.get(), text=FOREIGN).came_of_it["ref"]
    return Ladder.objects.get(pk=made.partition(":")[2])


def adopted(owner: Person, draft: Ladder) -> Ladder:
    map_ladder.perform(owner, draft, text=MAPPED)
    adopt_ladder.perform(owner, Ladder.objects.get(pk=draft.pk))
    return adopt.in_force()


def page(reader: Person, path: str) -> str:
    client = Client()
    client.force_login(reader)
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_a_document_of_the_same_family_is_read_whole() -> None:
    found = document.read((HERE / "same_family.md").read_text())
    assert (len(found.areas), sorted(found.levels), len(found.duties)) == (3, [1, 2, 3, 4], 51)
    assert len(adopt.correspondence(found)) == 51


def test_it_is_not_adopted_before_its_areas_are_mapped(owner: Person, draft: Ladder) -> None:
    with pytest.raises(CannotBeDone, match="Running services, Craft") as refused:
        adopt_ladder.perform(owner, draft)
    assert "ladder.map_ladder" in refused.value.hint
    text = page(owner, f"/ladder/drafts/{draft.pk}")
    assert text.count("not mapped") == 2
    assert "Nothing has taken effect" in text


def test_the_matrix_shows_its_areas_and_levels(owner: Person, draft: Ladder, jun: Person) -> None:
    ladder = adopted(owner, draft)
    found = matrix(jun)
    assert [where.title for where, _ in found.rows] == ["Running services", "Craft"]
    assert found.heads == ["L1 Apprentice", "L2 Engineer", "L3 Specialist", "L4 Principal",
                           "L5 Fellow"]  # fmt: skip
    assert [(c.where.slug, c.level) for c in found.mine] == [("running-services", 1)]
    assert found.place == "Apprentice in running services"
    text = page(jun, "/")
    assert "L5 Fellow" in text
    assert ladder.title in page(jun, "/ladder/")


def test_two_of_its_levels_may_be_one_of_ours(owner: Person, draft: Ladder, sam: Person) -> None:
    adopted(owner, draft)
    assert [cell.level for cell in matrix(sam).mine] == [3, 4]
    assert matrix(sam).place == "Specialist in running services"
    assert {line.level for line in matrix(sam).rests_on("maintenance", 3)} == {1, 2, 3}


def test_duties_correspond_by_likeness_once_their_area_does(owner: Person, draft: Ladder) -> None:
    map_ladder.perform(owner, draft, text=MAPPED)
    keys = dict(draft.duties.values_list("key", "default_key"))
    assert keys["RS-L1-1"] == "MA-L1-3"
    assert keys["RS-L1-2"] == ""
    map_ladder.perform(owner, draft, text="RS-L1-1 -> MA-L1-2\nRS-L1-2 -> nothing")
    duties = {duty.key: duty for duty in draft.duties.all()}
    assert duties["RS-L1-1"].default_key == "MA-L1-2"
    assert (duties["RS-L1-2"].default_key, duties["RS-L1-2"].acts) == ("", [])


@pytest.mark.parametrize(
    ("line", "what", "hint"),
    [
        ("RS-L1-2 -> runbooks.fly", "Line 1: there is no act 'runbooks.fly'", "watchbill acts"),
        ("RS-L1-2 -> MA-L1-2 MA-L1-3", "there is no act 'MA-L1-2'", "one shipped duty"),
        ("Craft -> cooking", "there is no area 'cooking'", "maintenance"),
        ("Craft -> monitoring: 7=1", "'7=1' names a level", "1 to 4"),
        ("Craft -> monitoring: 1=5", "'1=5' names a level", "1 to 4"),
        ("Craft -> monitoring: one", "'one' is no pair", "5=4"),
        ("Craft -> monitoring: 1=3 2=2", "mapped below a lower one", "order"),
        ("Cooking -> maintenance", "neither an area nor a duty", "title"),
        ("Craft", "says no mapping", "this -> that"),
        ("\n\nCraft ->", "Line 3", "this -> that"),
        ("  ", "no area and no duty", "each"),
    ],
)
def test_what_cannot_be_mapped_says_what_to_do(
    owner: Person, draft: Ladder, line: str, what: str, hint: str
) -> None:
    with pytest.raises(CannotBeDone) as refused:
        map_ladder.perform(owner, draft, text=line)
    assert what in refused.value.what
    assert hint in refused.value.hint


def test_a_ladder_that_was_in_force_is_mapped_no_more(owner: Person, draft: Ladder) -> None:
    adopted(owner, draft)
    with pytest.raises(CannotBeDone, match="signatures rest on it"):
        map_ladder.perform(owner, draft, text="Craft -> monitoring")
    with pytest.raises(CannotBeDone, match="It is in force"):
        adopt_ladder.perform(owner, draft)


def test_an_area_of_ours_is_needed(owner: Person, draft: Ladder) -> None:
    map_ladder.perform(owner, draft, text="Craft -> nothing\nRunning services -> nothing")
    with pytest.raises(CannotBeDone, match="nobody would stand anywhere"):
        adopt_ladder.perform(owner, draft)


def test_signatures_carry_over_are_kept_aside_and_come_back(
    owner: Person, draft: Ladder, jun: Person, lea: Person
) -> None:
    shipped = adopt.in_force()
    sign_duty.perform(lea, jun, duty="MA-L1-3", reason="r")
    sign_duty.perform(lea, jun, duty="IR-L1-3", reason="r")
    map_ladder.perform(owner, draft, text=MAPPED)
    assert [(p, stays, aside) for p, stays, aside in what_becomes(draft)] == [
        (jun, ["MA-L1-3 → RS-L1-1"], ["IR-L1-3"])
    ]
    assert adopt_ladder.effect is not None
    assert "Jun: signed stay MA-L1-3 → RS-L1-1; kept aside IR-L1-3." in adopt_ladder.effect(
        Ladder.objects.get(pk=draft.pk), {}
    )
    assert "kept aside" in page(owner, f"/ladder/drafts/{draft.pk}")
    adopt_ladder.perform(owner, Ladder.objects.get(pk=draft.pk))
    found = matrix(jun)
    assert [line.duty.key for line in found.lines if line.state == "signed"] == ["RS-L1-1"]
    sign_duty.perform(lea, jun, duty="RS-L1-3", reason="r")
    adopt_ladder.perform(owner, shipped)
    found = matrix(jun)
    assert [line.duty.key for line in found.lines if line.state == "signed"] == [
        "IR-L1-3", "MA-L1-3"
    ]  # fmt: skip
    adopt_ladder.perform(owner, Ladder.objects.get(pk=draft.pk))
    signed = [line.duty.key for line in matrix(jun).lines if line.state == "signed"]
    assert signed == ["RS-L1-1", "RS-L1-3"]


def test_a_duty_without_a_counterpart_stays_itself_when_little_is_reworded(
    owner: Person, draft: Ladder, jun: Person, lea: Person
) -> None:
    adopted(owner, draft)
    sign_duty.perform(lea, jun, duty="RS-L1-3", reason="r")
    reworded = FOREIGN.replace(
        "Keep the wiki of the rack rows tidy", "Keep the rack rows' wiki tidy"
    )
    assert reworded != FOREIGN
    made = draft_ladder.perform(owner, House.get(), text=reworded).came_of_it["ref"]
    again = Ladder.objects.get(pk=made.partition(":")[2])
    adopted(owner, again)
    assert [line.duty.key for line in matrix(jun).lines if line.state == "signed"] == ["RS-L1-3"]


def test_acts_by_name_are_practice_and_with_a_guide_evidence(
    owner: Person, draft: Ladder, house: House, jun: Person, team
) -> None:
    from watchbill.catalog.models import Component

    adopted(owner, draft)
    shop = Component.objects.create(slug="shop", name="Shop", owner=team)
    made = incidents.declare.perform(jun, shop, title="Slow", severity="sev4").came_of_it["number"]
    incident = Incident.objects.get(pk=made)
    incidents.note.perform(jun, incident, text="It is the disk")
    line = matrix(jun).line("RS-L1-2")
    assert line is not None
    assert (line.state, line.acts) == ("begun", ["runbooks.run_step", "incidents.note"])
    assert page(jun, "/ladder/duties/RS-L1-2").count("noted") >= 1


def test_an_area_that_is_none_of_ours_is_not_signed(
    owner: Person, draft: Ladder, jun: Person, lea: Person
) -> None:
    adopted(owner, draft)
    with pytest.raises(CannotBeDone, match="Nobody stands in this area"):
        sign_duty.perform(lea, jun, duty="CR-L1-1", reason="r")
    with pytest.raises(CannotBeDone, match="no duties there"):
        ask_for_raise.perform(jun, jun, area="monitoring")


def test_every_page_of_the_ladder_opens_on_it(owner: Person, draft: Ladder, sam: Person) -> None:
    adopted(owner, draft)
    Standing.objects.create(person=sam, area="maintenance", level=4, reason="r")
    for path in ("/", "/ladder/", "/ladder/team", "/ladder/duties", "/ladder/duties/CR-L1-1",
                 "/ladder/people/sam/sheet", "/ladder/people/sam/sheet.md", "/ladder/drafts/",
                 "/ladder/people/sam?duty=RS-L5-1", "/ladder/people/sam?cell=RS-L2"):  # fmt: skip
        assert page(Person.objects.get(pk=sam.pk), path)


def test_a_mapping_is_read_without_a_database(draft: Ladder) -> None:
    areas = kept(draft.areas)
    found = read("craft -> None", areas, set())
    assert found.areas["craft"].area == ""
    assert found.areas["craft"].line == "Craft -> nothing"
    with pytest.raises(MappingError):
        read("CR-L1-1 -> nothing", areas, set())
